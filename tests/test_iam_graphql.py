"""The policies of a GraphQL chat, against the calls that its functions make."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.policies import (
    LOGGING,
    Call,
    Noted,
    allows,
    findings,
    granted,
    listed,
    statements,
    with_arns,
)
from tests.websocket_stack.cloudformation.graphql_stack import API_ARN, AT_ONCE, evaluated
from tests.websocket_stack.graphql.test_failures import begun, record
from tests.websocket_stack.graphql.test_resolver import ME, Chats
from tests.websocket_stack.tasks.tasks_api import Hub, task_table
from websocket_stack.graphql.chat_owners import ChatOwners
from websocket_stack.graphql.errors import ChatBusy
from websocket_stack.graphql.failures import tell
from websocket_stack.graphql.settings import ChatSettings
from websocket_stack.graphql.wiring import Parts
from websocket_stack.tasks.owners import Owners
from websocket_stack.tasks.run_table import RunTable

STACK = evaluated(
    **AT_ONCE,
    WriteApiLogs="true",
    GuardrailId="gr1",
    FallbackModelIds="meta.llama5-8b",
    FallbackModelArns="arn:aws:bedrock:eu-central-1::foundation-model/meta.llama5-8b",
)
OF_FUNCTIONS = ("ChatRole", "FailuresRole")
OF_THE_API = ("ApiRole", "ApiLogRole")
TABLE_ARN = "<TaskTable.Arn>"
SEND = Call("appsync:GraphQL", f"{API_ARN}/types/Mutation/fields/send")


def of_the_table(role: str) -> set[str]:
    return {call.action for call in granted(STACK, role) if call.resource == TABLE_ARN}


def parts_of(client: Any, name: str) -> Parts:
    runs = RunTable(client, name)
    owners = Owners(client, name, runs, most_at_once=10, most_a_minute=60)
    settings = ChatSettings(name, "https://api.example/graphql")
    return Parts(settings, runs, owners, ChatOwners(client, name), Hub())


def test_the_function_may_use_the_table_as_it_does_and_no_further() -> None:
    actions: set[str] = set()
    with task_table() as (client, name):
        table, chat_id = (Noted(client, actions), name), uuid4().hex
        chats = Chats(table)
        chats.call("chat", "Subscription", identity=ME, chatId=chat_id)
        chats.ask(chat_id, identity=ME)
        chats.state(chat_id, identity=ME)
        chats.call("stop", identity=ME, chatId=chat_id)
        parts = parts_of(client, name)
        _, run = begun(parts, uuid4().hex, ME)
        assert parts.owners.admit(run)
        with pytest.raises(ChatBusy):
            Chats(table, at_once=1).ask(uuid4().hex, identity=ME)
    assert actions == of_the_table("ChatRole")


def test_what_tells_of_failures_may_do_so_and_no_more() -> None:
    actions: set[str] = set()
    with task_table() as (client, name):
        chat_id = uuid4().hex
        message_id, _ = begun(parts_of(client, name), chat_id, ME)
        tell(record(chat_id, message_id, identity=ME), parts_of(Noted(client, actions), name))
    assert actions == of_the_table("FailuresRole")


@pytest.mark.parametrize("role", OF_FUNCTIONS)
def test_a_function_may_call_send_and_no_other_field(role: Any) -> None:
    calls = {call for call in granted(STACK, role) if call.action.startswith("appsync:")}
    assert calls == {SEND}


def test_these_are_all_roles() -> None:
    assert STACK.of_type("AWS::IAM::Role").keys() == {*OF_FUNCTIONS, *OF_THE_API}
    for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
        assert STACK.of_type(kind) == {}


@pytest.mark.parametrize("role", OF_FUNCTIONS)
def test_a_role_is_for_one_function_and_what_that_needs(role: Any) -> None:
    (trusted,) = STACK.properties(role)["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert "ManagedPolicyArns" not in STACK.properties(role)
    for statement in statements(STACK, role):
        assert not any("*" in action for action in listed(statement["Action"]))
        if LOGGING & set(listed(statement["Action"])):
            assert statement["Resource"] == f"<{role.removesuffix('Role')}Log.Arn>"


def test_only_models_guardrails_and_logs_of_apis_have_wildcards() -> None:
    roles = OF_FUNCTIONS + OF_THE_API
    wild = {call for role in roles for call in granted(STACK, role) if "*" in call.resource}
    assert {call.action for call in wild} == {
        "bedrock:InvokeModelWithResponseStream",
        "bedrock:ApplyGuardrail",
        # An API's log group has the API's id, which is not known before the role.
        "logs:CreateLogGroup",
    }


@pytest.mark.parametrize("action", ["Scan", "Query", "DeleteTable"])
def test_chats_cannot_be_searched(action: Any) -> None:
    call = Call(f"dynamodb:{action}", TABLE_ARN)
    assert not any(allows(grant, call) for role in OF_FUNCTIONS for grant in granted(STACK, role))


@pytest.mark.parametrize("role", OF_FUNCTIONS + OF_THE_API)
def test_parliament_finds_nothing(role: Any) -> None:
    for policy in STACK.properties(role)["Policies"]:
        assert findings(with_arns(policy["PolicyDocument"])) == []
