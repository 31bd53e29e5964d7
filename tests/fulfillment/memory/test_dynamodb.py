from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from fulfillment.errors import ConversationTableError, describe
from fulfillment.memory import Exchange
from fulfillment.memory.conversation import Conversation
from fulfillment.memory.dynamodb import ConversationTable
from tests import aws_stub
from tests.fakes import FakeClock
from tests.moto_aws import dynamodb_table

NAME = "conversations-of-test"
ID = "a" * 32
NOW = 1_800_000_000.0
EXCHANGES = [Exchange("Grüezi 😀", 'Say "hello",\nor not.'), Exchange("More?", "Ye", cut=True)]


@pytest.fixture
def client() -> Iterator[Any]:
    with dynamodb_table("conversationId", NAME) as (dynamodb, _):
        yield dynamodb


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def table(client: Any, clock: FakeClock) -> ConversationTable:
    return ConversationTable(client, NAME, 3600, now=clock)


def failed(code: str) -> Callable[..., Any]:
    """Answer as DynamoDB does when it refuses."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "secret"}
    return aws_stub.answered(400, json.dumps(body).encode())


def put(client: Any, **attributes: Any) -> None:
    client.put_item(TableName=NAME, Item={"conversationId": {"S": ID}, **attributes})


def test_what_was_saved_is_loaded(table: ConversationTable) -> None:
    table.save(ID, EXCHANGES)
    assert table.load(ID) == EXCHANGES
    table.save(ID, EXCHANGES[:1])
    assert table.load(ID) == EXCHANGES[:1]


def test_a_row_is_json_and_whole_seconds(table: ConversationTable, client: Any) -> None:
    table.save(ID, [Exchange("灯", "x")])
    (row,) = client.scan(TableName=NAME)["Items"]
    assert row == {
        "conversationId": {"S": ID},
        # As it is: escaped, it would be twice as long.
        "exchanges": {"S": '[{"utterance": "灯", "reply": "x", "cut": false}]'},
        "ttl": {"N": str(int(NOW) + 3600)},
    }


def test_another_id_is_another_conversation(table: ConversationTable) -> None:
    table.save(ID, EXCHANGES)
    assert table.load("b" * 32) == []


def test_an_expired_row_is_not_used(table: ConversationTable, clock: FakeClock) -> None:
    table.save(ID, EXCHANGES)
    clock.advance(3599)
    assert table.load(ID) == EXCHANGES
    clock.advance(1)
    assert table.load(ID) == []


def test_a_turn_keeps_a_conversation_longer(table: ConversationTable, clock: FakeClock) -> None:
    table.save(ID, EXCHANGES[:1])
    clock.advance(3000)
    table.save(ID, EXCHANGES)
    clock.advance(3000)
    assert table.load(ID) == EXCHANGES


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"ttl": {"S": "secret"}, "exchanges": {"S": "[]"}},
        {"ttl": {"N": "1900000000"}},
        {"ttl": {"N": "1900000000"}, "exchanges": {"S": "secret"}},
        {"ttl": {"N": "1900000000"}, "exchanges": {"S": "5"}},
        {"ttl": {"N": "1900000000"}, "exchanges": {"S": "[5]"}},
        {"ttl": {"N": "1900000000"}, "exchanges": {"S": '[["secret", "b", false]]'}},
        {"ttl": {"N": "1900000000"}, "exchanges": {"S": '[{"utterance": "secret"}]'}},
        {
            "ttl": {"N": "1900000000"},
            "exchanges": {"S": '[{"utterance": "a", "reply": "b", "secret": 4}]'},
        },
        {"ttl": {"N": "1900000000"}, "exchanges": {"B": b"secret"}},
    ],
)
def test_a_row_of_another_form_is_an_error(
    table: ConversationTable, client: Any, attributes: dict[str, Any]
) -> None:
    put(client, **attributes)
    with pytest.raises(ConversationTableError, match="not one of ours") as caught:
        table.load(ID)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (failed("ResourceNotFoundException"), "ResourceNotFoundException"),
        (failed("AccessDeniedException"), "AccessDeniedException"),
        (failed("ThrottlingException"), "ThrottlingException"),
        (aws_stub.raised(ReadTimeoutError(endpoint_url="https://secret")), "ReadTimeoutError"),
        (aws_stub.raised(ConnectTimeoutError(endpoint_url="https://x")), "ConnectTimeoutError"),
        (aws_stub.answered(502, b"<html>secret</html>"), "502"),
    ],
)
@pytest.mark.parametrize("call", ["load", "save"])
def test_a_table_that_is_down_is_an_error_of_ours(
    call: str, reply: Callable[..., Any], reason: str
) -> None:
    client, _ = aws_stub.client("dynamodb", reply)
    memory = ConversationTable(client, NAME, 3600)
    with pytest.raises(ConversationTableError) as caught:
        memory.load(ID) if call == "load" else memory.save(ID, EXCHANGES)
    assert str(caught.value) == reason
    assert "secret" not in str(describe(caught.value))


def test_reads_are_consistent() -> None:
    body = json.dumps({"Item": None}).encode()
    client, sent = aws_stub.client("dynamodb", aws_stub.answered(200, body))
    assert ConversationTable(client, NAME, 3600).load(ID) == []
    assert json.loads(sent[0].body) == {
        "TableName": NAME,
        "Key": {"conversationId": {"S": ID}},
        "ConsistentRead": True,
    }


def test_turns_of_one_conversation_follow_each_other(table: ConversationTable) -> None:
    first = Conversation(table, {}, turns=2)
    first.save(EXCHANGES[0])
    for exchange in [EXCHANGES[1], Exchange("Thanks", "No bother.")]:
        following = Conversation(table, first.attributes, turns=2)
        following.load()
        following.save(exchange)
    assert table.load(first.id) == [EXCHANGES[1], Exchange("Thanks", "No bother.")]
