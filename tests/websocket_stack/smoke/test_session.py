"""What the checks of a visit share."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from cloudformation_fakes import refusal
from smoke_fakes import TARGET, FakeManagement, FakeSocket, FakeTable, visit

from websocket_stack.smoke.report import CheckSkipped
from websocket_stack.smoke.stack import Target


def test_a_post_returns_the_answer_as_it_came() -> None:
    management = FakeManagement(
        [410], headers={"X-Amzn-ErrorType": "GoneException"}, body=b'{"message":"x"}'
    )
    answer = visit(opened=FakeSocket(), management=management).post(b"text")

    assert (answer.status, answer.body) == (410, '{"message":"x"}')
    assert answer.headers == {"x-amzn-errortype": "GoneException"}
    assert management.posts == [b"text"]


def test_a_post_is_timed() -> None:
    assert visit(opened=FakeSocket()).post(b"").seconds == pytest.approx(0.001)


def test_a_post_that_gets_no_answer_raises() -> None:
    class Silent(FakeManagement):
        def post_to_connection(self, ConnectionId: str, Data: bytes) -> None:
            raise ReadTimeoutError(endpoint_url="https://a.example")

    with pytest.raises(ReadTimeoutError):
        visit(opened=FakeSocket(), management=Silent()).post(b"")

    class Refusing(FakeManagement):
        def post_to_connection(self, ConnectionId: str, Data: bytes) -> None:
            raise refusal("refused before it was sent")

    with pytest.raises(ClientError):
        visit(opened=FakeSocket(), management=Refusing()).post(b"")


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (visit(), "not connected"),
        (visit(opened=FakeSocket(), table=FakeTable(None)), "has no row of this session"),
        (
            visit(opened=FakeSocket(), table=FakeTable(None, refusal("no", "AccessDenied"))),
            "you may not read table sessions",
        ),
        (
            visit(opened=FakeSocket(), target=Target(**{**vars(TARGET), "session_table": None})),
            "give --session-table",
        ),
        (visit(opened=FakeSocket(), management=FakeManagement([403])), "you may not post"),
    ],
)
def test_what_cannot_be_posted_is_skipped(made, reason) -> None:
    with pytest.raises(CheckSkipped, match=reason):
        made.post(b"")
