"""DynamoDB under the stack's own address, as boto3 speaks it."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from fulfillment.memory import Exchange
from fulfillment.memory.dynamodb import ConversationTable
from websocket_stack.local import stack
from websocket_stack.local.dynamodb import DynamoDb

pytestmark = pytest.mark.slow


def put(dynamodb: Any, session_id: str, **members: Any) -> Any:
    item = {"sessionId": {"S": session_id}, "connectionId": {"S": f"of {session_id}"}}
    return dynamodb.put_item(TableName=stack.SESSION_TABLE, Item=item, **members)


def read(dynamodb: Any, session_id: str) -> Any:
    key = {"sessionId": {"S": session_id}}
    return dynamodb.get_item(TableName=stack.SESSION_TABLE, Key=key).get("Item")


@pytest.mark.parametrize(
    ("name", "key"),
    [(stack.SESSION_TABLE, "sessionId"), (stack.CONVERSATION_TABLE, "conversationId")],
)
def test_the_stacks_tables_exist(dynamodb: Any, name: str, key: str) -> None:
    table = dynamodb.describe_table(TableName=name)["Table"]

    assert table["TableStatus"] == "ACTIVE"
    assert table["KeySchema"] == [{"AttributeName": key, "KeyType": "HASH"}]


def test_a_row_is_written_and_read(dynamodb: Any) -> None:
    put(dynamodb, "dynamodb-1")

    assert read(dynamodb, "dynamodb-1")["connectionId"] == {"S": "of dynamodb-1"}
    assert read(dynamodb, "dynamodb-2") is None


def test_a_condition_that_fails_has_its_own_error(dynamodb: Any) -> None:
    put(dynamodb, "dynamodb-3")

    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        put(dynamodb, "dynamodb-3", ConditionExpression="attribute_not_exists(sessionId)")


def test_an_unknown_table_has_its_own_error(dynamodb: Any) -> None:
    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.scan(TableName=f"no-{uuid4().hex}")


def test_calls_may_come_at_the_same_time(dynamodb: Any) -> None:
    names = [f"dynamodb-many-{index}" for index in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: put(dynamodb, name), names))
        rows = list(pool.map(lambda name: read(dynamodb, name), names))

    assert [row["connectionId"]["S"] for row in rows] == [f"of {name}" for name in names]


def test_a_write_is_whole_before_another_is_compared_with_it(dynamodb: Any) -> None:
    """Of an owner's two first claims of a row, neither meets a row without an owner."""
    # Threads change in the middle of whatever they do.
    switch_seconds = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def claim(session_id: str) -> None:
        dynamodb.update_item(
            TableName=stack.SESSION_TABLE,
            Key={"sessionId": {"S": session_id}},
            UpdateExpression="SET ownerId = :owner",
            ConditionExpression="attribute_not_exists(sessionId) OR ownerId = :owner",
            ExpressionAttributeValues={":owner": {"S": "Ada"}},
        )

    try:
        with ThreadPoolExecutor(8) as pool:
            for number in range(20):
                list(pool.map(claim, [f"dynamodb-claimed-{number}"] * 8))
    finally:
        sys.setswitchinterval(switch_seconds)


def test_an_existing_table_keeps_its_rows(dynamodb: Any) -> None:
    put(dynamodb, "dynamodb-4")
    DynamoDb().ensure_table(stack.SESSION_TABLE, key="sessionId")

    assert read(dynamodb, "dynamodb-4") is not None


def test_the_lambdas_code_keeps_conversations(dynamodb: Any) -> None:
    conversations = ConversationTable(dynamodb, stack.CONVERSATION_TABLE, 60)
    conversations.save("dynamodb-5", [Exchange("Hello", "Hello.", cut=True)])

    assert conversations.load("dynamodb-5") == [Exchange("Hello", "Hello.", cut=True)]
    assert conversations.load("dynamodb-6") == []
