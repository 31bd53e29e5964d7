"""The conversation table: evaluated, created in moto, and used by the code that it is for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from fulfillment.memory import Exchange
from fulfillment.memory.dynamodb import ConversationTable
from fulfillment.settings import Settings
from tests.evaluator import Refused, evaluate, source
from tests.moto_aws import moto_aws
from tests.websocket_stack.cloudformation.fulfillment_stack import (
    FORGETFUL,
    NAME,
    REQUIRED,
    evaluated,
    settings,
    statements,
    variables,
)

pytestmark = pytest.mark.slow

TABLE = "ConversationTable"


# --- the table


def test_the_table_is_encrypted_and_expires_rows() -> None:
    assert evaluated().properties(TABLE) == {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "conversationId", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "conversationId", "AttributeType": "S"}],
        "SSESpecification": {"SSEEnabled": True},
        "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
    }


def test_what_was_said_goes_with_the_stack() -> None:
    table = source(NAME)["Resources"][TABLE]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Delete", "Delete")


def test_cloudformation_names_the_table() -> None:
    assert "TableName" not in evaluated().properties(TABLE)


# --- on and off


def test_conversations_last_a_day_by_default() -> None:
    read = settings(evaluated())
    assert read.conversation_table == f"<{TABLE}>"
    assert read.memory_seconds == Settings().memory_seconds == 24 * 60 * 60


def test_the_lambda_may_use_this_table_alone() -> None:
    assert statements(evaluated())["RememberConversations"] == {
        "Sid": "RememberConversations",
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
        "Resource": f"<{TABLE}.Arn>",
    }


def test_switched_off_nothing_is_left() -> None:
    stack = evaluated(**FORGETFUL)
    assert stack.of_type("AWS::DynamoDB::Table") == {}
    assert "dynamodb" not in json.dumps(statements(stack))
    assert variables(stack)["CONVERSATION_TABLE"] == ""
    assert settings(stack).conversation_table is None


def test_switched_off_all_else_stays() -> None:
    assert evaluated().resources.keys() - evaluated(**FORGETFUL).resources.keys() == {TABLE}


def test_memory_and_streaming_are_switched_apart() -> None:
    streaming = {"WebSocketId": "abc123", "SessionTableName": "chat-sessions"}
    stack = evaluated(**FORGETFUL, **streaming)
    assert settings(stack).can_stream
    (statement,) = [each for each in statements(stack).values() if "dynamodb" in json.dumps(each)]
    assert statement["Sid"] == "FindTheConnection"


@pytest.mark.parametrize("value", ["", "yes", "True"])
def test_another_value_of_the_switch_is_refused(value: str) -> None:
    with pytest.raises(Refused, match="RememberConversations"):
        evaluated(RememberConversations=value)


# --- created


@pytest.fixture
def aws() -> Iterator[Callable[[str], Any]]:
    with moto_aws() as client_of:
        yield client_of


def test_a_stack_update_switches_it(aws: Callable[[str], Any]) -> None:
    name = f"memory-{uuid4().hex[:8]}"
    cloudformation = aws("cloudformation")
    cloudformation.create_stack(StackName=name, **_request("true"))
    assert len(_tables(aws, name)) == 1
    cloudformation.update_stack(StackName=name, **_request("false"))
    assert _tables(aws, name) == []

    # moto does not make again what a stack once had, so a new one goes on from here.
    cloudformation.delete_stack(StackName=name)
    cloudformation.create_stack(StackName=name, **_request("false"))
    cloudformation.update_stack(StackName=name, **_request("true"))
    assert len(_tables(aws, name)) == 1
    cloudformation.delete_stack(StackName=name)
    assert _tables(aws, name) == []


def test_the_lambdas_code_uses_the_table(aws: Callable[[str], Any]) -> None:
    name = f"memory-{uuid4().hex[:8]}"
    aws("cloudformation").create_stack(StackName=name, **_request("true"))
    dynamodb = aws("dynamodb")
    (table,) = _tables(aws, name)
    exchanges = [Exchange("Hello", "Hello."), Exchange("And now?", "It was", cut=True)]
    conversations = ConversationTable(dynamodb, table, 60, now=lambda: 1_000_000_000)
    conversations.save("id-1", exchanges)

    assert conversations.load("id-1") == exchanges
    assert conversations.load("id-2") == []
    # Where the code puts the time is where the table looks for it; moto takes no notice of that.
    row = dynamodb.get_item(TableName=table, Key={"conversationId": {"S": "id-1"}})["Item"]
    expires = evaluated().properties(TABLE)["TimeToLiveSpecification"]["AttributeName"]
    assert row[expires] == {"N": "1000000060"}


def _request(remembers: str) -> dict[str, Any]:
    """Return the table's part of the template, and its switch, as moto needs them.

    In an update moto compares templates, and AWS what their conditions leave: so what the
    conditions take away is not in here.
    """
    given = {"RememberConversations": remembers}
    template = source(NAME)
    existing = evaluate(NAME, REQUIRED | given).resources
    template["Resources"] = {
        title: resource
        for title, resource in template["Resources"].items()
        # One that is always there: a stack has something in it.
        if title in existing and title in (TABLE, "FulfillmentLog")
    }
    template["Outputs"] = {}
    return {
        "TemplateBody": json.dumps(template),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in (REQUIRED | given).items()
        ],
    }


def _tables(aws: Callable[[str], Any], stack: str) -> list[str]:
    pages = aws("dynamodb").get_paginator("list_tables").paginate()
    return [name for page in pages for name in page["TableNames"] if name.startswith(stack)]
