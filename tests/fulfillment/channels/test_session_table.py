from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from fulfillment.channels.session_table import SessionTable
from fulfillment.errors import AddressContested, SessionTableError
from tests import aws_stub
from tests.moto_aws import dynamodb_table

pytestmark = pytest.mark.slow

NOW = 1_800_000_000.0


@pytest.fixture
def client() -> Iterator[Any]:
    with dynamodb_table("sessionId", "sessions") as (dynamodb, _):
        yield dynamodb


def find(client: Any, **attributes: Any) -> str | None:
    client.put_item(TableName="sessions", Item={"sessionId": {"S": "s"}, **attributes})
    return SessionTable(client, "sessions", now=lambda: NOW).find("s")


def test_the_connection_of_a_session_is_found(client: Any) -> None:
    assert find(client, connectionId={"S": "c="}, ttl={"N": "1800000100"}) == "c="


def test_a_ttl_may_be_a_fraction(client: Any) -> None:
    """The stock Lex Web UI writes one."""
    assert find(client, connectionId={"S": "c="}, ttl={"N": "1800000100.25"}) == "c="


@pytest.mark.parametrize("mark", [{"BOOL": True}, {"S": "true"}, {"N": "1"}, {"NULL": True}])
@pytest.mark.parametrize("connection", [{"connectionId": {"S": "c="}}, {}])
def test_a_contested_row_is_never_trusted(
    client: Any, connection: dict[str, Any], mark: dict[str, Any]
) -> None:
    with pytest.raises(AddressContested):
        find(client, owner={"S": "me"}, contested=mark, ttl={"N": "1800000100"}, **connection)


def test_a_mark_may_be_false(client: Any) -> None:
    assert find(client, connectionId={"S": "c="}, contested={"BOOL": False}) == "c="


def test_a_contest_ends_with_the_connection(client: Any) -> None:
    row = {"connectionId": {"S": "c="}, "contested": {"BOOL": True}, "ttl": {"N": "1799999999"}}
    assert find(client, **row) is None


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"connectionId": {"N": "5"}},
        {"owner": {"S": "me"}, "ttl": {"N": "1800090000"}},
        {"connectionId": {"S": "c="}, "ttl": {"N": "1799999999"}},
    ],
)
def test_a_row_without_a_live_connection_is_none(client: Any, attributes: dict[str, Any]) -> None:
    assert find(client, **attributes) is None


def test_a_session_without_a_row_is_none(client: Any) -> None:
    assert SessionTable(client, "sessions", now=lambda: NOW).find("nobody") is None


def ttl_after_a_look(client: Any, **attributes: Any) -> tuple[str | None, float]:
    found = find(client, **attributes)
    row = client.get_item(TableName="sessions", Key={"sessionId": {"S": "s"}})["Item"]
    assert row == {"sessionId": {"S": "s"}, **attributes, "ttl": row["ttl"]}
    return found, float(row["ttl"]["N"])


DAY = 24 * 60 * 60


@pytest.mark.parametrize("left", [1, 7500, DAY - 1])
@pytest.mark.parametrize("connection", [{"connectionId": {"S": "c="}}, {}])
def test_asking_keeps_an_owners_row_for_a_day(
    client: Any, left: int, connection: dict[str, Any]
) -> None:
    ttl = {"N": str(int(NOW) + left)}
    found, kept = ttl_after_a_look(client, owner={"S": "me"}, ttl=ttl, **connection)
    assert found == connection.get("connectionId", {}).get("S")
    assert kept >= NOW + DAY


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param({"owner": {"S": "me"}, "ttl": {"N": "1800086400"}}, id="a day left"),
        pytest.param({"owner": {"S": "me"}, "ttl": {"N": "1800000000"}}, id="expired"),
        pytest.param({"connectionId": {"S": "c="}, "ttl": {"N": "1800000100.5"}}, id="of stock"),
    ],
)
def test_any_other_row_is_left_as_it_is(client: Any, attributes: dict[str, Any]) -> None:
    _, kept = ttl_after_a_look(client, **attributes)
    assert kept == float(attributes["ttl"]["N"])


def test_a_contested_row_is_kept_too(client: Any) -> None:
    """Who asks may be the second claimant, who must not be streamed to the first."""
    row = {"owner": {"S": "me"}, "contested": {"BOOL": True}, "ttl": {"N": "1800000100"}}
    with pytest.raises(AddressContested):
        find(client, **row)
    [kept] = client.scan(TableName="sessions")["Items"]
    assert float(kept["ttl"]["N"]) >= NOW + DAY
    assert kept["contested"] == {"BOOL": True}


def test_a_row_that_is_gone_when_it_is_kept_does_not_come_back(client: Any) -> None:
    def delete(**_: Any) -> None:
        client.meta.events.unregister("before-call.dynamodb.UpdateItem", delete)
        client.delete_item(TableName="sessions", Key={"sessionId": {"S": "s"}})

    client.meta.events.register("before-call.dynamodb.UpdateItem", delete)
    find(client, owner={"S": "me"}, ttl={"N": "1800000100"})
    assert client.scan(TableName="sessions")["Items"] == []


@pytest.mark.parametrize(
    "reply",
    [
        aws_stub.refused(400, "ResourceNotFoundException"),
        aws_stub.raised(ReadTimeoutError(endpoint_url="https://x")),
    ],
)
def test_a_table_that_cannot_be_read_is_our_error(reply: Callable[..., Any]) -> None:
    client, _ = aws_stub.client("dynamodb", reply)
    with pytest.raises(SessionTableError):
        SessionTable(client, "sessions").find("s")


def test_a_row_that_cannot_be_kept_is_our_error() -> None:
    row = b'{"Item": {"sessionId": {"S": "s"}, "owner": {"S": "me"}, "ttl": {"N": "1800000100"}}}'
    denied = aws_stub.refused(400, "AccessDeniedException")
    client, _ = aws_stub.client("dynamodb", aws_stub.answered(200, row), denied)
    with pytest.raises(SessionTableError):
        SessionTable(client, "sessions", now=lambda: NOW).find("s")
