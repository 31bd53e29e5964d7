"""The policies of socket tasks, against the calls to DynamoDB that their functions make.

What holds for every role of such a function is in ``test_iam_roles.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from fulfillment.testing import ScriptedModel
from tests.policies import (
    MODELS,
    Noted,
    granted,
)
from tests.websocket_stack.cloudformation.tasks_stack import JWT, RELAYED, evaluated
from tests.websocket_stack.tasks.tasks_api import Api, message, submit, task_table
from websocket_stack.tasks.connections import Connections
from websocket_stack.tasks.relay import Relay
from websocket_stack.tasks.sign_in import Identity, InvalidToken
from websocket_stack.tasks.sign_in_deadline import close_if_unsigned

pytestmark = pytest.mark.slow

STACK = evaluated(**JWT, **RELAYED, **MODELS)
ROLES = ("SubmitRole", "WorkerRole", "FailuresRole", "SignInDeadlineRole", "RelayRole")
TABLE_ARN = "<TaskTable.Arn>"


class Signatures:
    """Takes every token but one."""

    def verify(self, token: str) -> Identity:
        if token == "wrong":
            raise InvalidToken("wrong")
        return Identity("me", 9_999_999_999)


@contextmanager
def noted() -> Iterator[tuple[dict[str, set[str]], Callable[[str], tuple[Any, str]]]]:
    """Yield what is noted by role, and a function that makes an API of a role's client."""
    actions: dict[str, set[str]] = {role: set() for role in ROLES}
    with task_table() as (client, table):

        def client_of(role: str) -> tuple[Any, str]:
            return Noted(client, actions[role]), table

        yield actions, client_of


def test_each_function_may_use_the_table_as_it_does_and_no_further() -> None:
    model = ScriptedModel("Hello.", repeats=True)
    with noted() as (actions, client_of):
        routes = Api(
            *client_of("SubmitRole"), sign_in="jwt", verifier=Signatures(), tasks_at_once=1
        )
        worker = Api(*client_of("WorkerRole"), model)
        failures = Api(*client_of("FailuresRole"))
        routes.connect()
        routes.say({"action": "sign-in", "token": "right"})
        # The second is one too many.
        for said in (submit("1"), submit("2"), {"action": "stop"}, submit("1")):
            routes.say(said)
        routes.say({"action": "resume", "task": {"id": "1"}}, "c1")
        # An event may be of a run that is no more.
        worker.events = [*routes.events, {"run": "none"}]
        routes.events.clear()
        worker.work()
        routes.say(message(id=1))
        failures.fail(routes.events.pop())
        routes.disconnect()
        relay = Relay(*client_of("RelayRole"), routes.hub)
        body = '{"group":"g","sequence":%d,"connectionId":"c2","payload":"{}","about":["task","1"]}'
        # A gap follows the first.
        records = [{"messageId": str(place), "body": body % place} for place in (0, 2)]
        relay.post_batch({"Records": records})
        api: Any = SimpleNamespace(delete_connection=lambda ConnectionId: None)
        close_if_unsigned("c1", Connections(*client_of("SignInDeadlineRole")), api)
    assert actions == {
        role: {call.action for call in granted(STACK, role) if call.resource == TABLE_ARN}
        for role in ROLES
    }


def test_only_connections_models_and_guardrails_have_wildcards() -> None:
    wild = {call for role in ROLES for call in granted(STACK, role) if "*" in call.resource}
    assert {call.action for call in wild} == {
        "execute-api:ManageConnections",
        "bedrock:InvokeModelWithResponseStream",
        "bedrock:ApplyGuardrail",
    }
    posts = {call.resource for call in wild if call.action.startswith("execute-api:")}
    assert {resource.partition("/")[2] for resource in posts} == {
        "dev/POST/@connections/*",
        "dev/DELETE/@connections/*",
    }
