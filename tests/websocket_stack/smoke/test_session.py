"""What the checks of one run share."""

from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.websocket_stack.deployment.cloudformation_fakes import refusal
from tests.websocket_stack.smoke.smoke_fakes import (
    STACK,
    FakeManagement,
    FakeSocket,
    FakeTable,
    session,
)
from websocket_stack.smoke.report import CheckSkipped
from websocket_stack.smoke.session import SmokeSession


def test_a_post_returns_the_answer_as_it_came() -> None:
    management = FakeManagement(
        [410], headers={"X-Amzn-ErrorType": "GoneException"}, body=b'{"message":"x"}'
    )
    response = session(opened=FakeSocket(), management=management).post(b"text")

    assert (response.status, response.body) == (410, '{"message":"x"}')
    assert response.headers == {"x-amzn-errortype": "GoneException"}
    assert management.posts == [b"text"]


def test_a_post_is_timed() -> None:
    assert session(opened=FakeSocket()).post(b"").seconds == pytest.approx(0.001)


def test_a_post_that_gets_no_answer_raises() -> None:
    class Silent(FakeManagement):
        def post_to_connection(self, ConnectionId: str, Data: bytes) -> None:
            raise ReadTimeoutError(endpoint_url="https://a.example")

    with pytest.raises(ReadTimeoutError):
        session(opened=FakeSocket(), management=Silent()).post(b"")

    class Refusing(FakeManagement):
        def post_to_connection(self, ConnectionId: str, Data: bytes) -> None:
            raise refusal("refused before it was sent")

    with pytest.raises(ClientError):
        session(opened=FakeSocket(), management=Refusing()).post(b"")


@pytest.mark.parametrize(
    ("unusable", "reason"),
    [
        (session(), "not connected"),
        (session(opened=FakeSocket(), table=FakeTable(None)), "has no row of this session"),
        (
            session(opened=FakeSocket(), table=FakeTable(None, refusal("no", "AccessDenied"))),
            "you may not read table sessions",
        ),
        (
            session(opened=FakeSocket(), stack=replace(STACK, session_table=None)),
            "give --session-table",
        ),
        (session(opened=FakeSocket(), management=FakeManagement([403])), "you may not post"),
    ],
)
def test_what_cannot_be_posted_is_skipped(unusable: SmokeSession, reason: str) -> None:
    with pytest.raises(CheckSkipped, match=reason):
        unusable.post(b"")
