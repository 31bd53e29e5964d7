"""The policies of a GraphQL chat, against the calls that its functions make.

What holds for every role of such a function is in ``test_iam_roles.py``.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.policies import (
    MODELS,
    Call,
    Noted,
    granted,
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

pytestmark = pytest.mark.slow

STACK = evaluated(**AT_ONCE, **MODELS, WriteApiLogs="true")
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


def test_only_models_guardrails_and_logs_of_apis_have_wildcards() -> None:
    roles = OF_FUNCTIONS + OF_THE_API
    wild = {call for role in roles for call in granted(STACK, role) if "*" in call.resource}
    assert {call.action for call in wild} == {
        "bedrock:InvokeModelWithResponseStream",
        "bedrock:ApplyGuardrail",
        # An API's log group has the API's id, which is not known before the role.
        "logs:CreateLogGroup",
    }
