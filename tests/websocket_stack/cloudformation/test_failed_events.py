"""Events that fail, of a task's worker and of a chat whose ``ask`` returns at once."""

from __future__ import annotations

import pytest

from tests.evaluator import Stack
from tests.websocket_stack.cloudformation import graphql_stack, tasks_stack
from tests.websocket_stack.cloudformation.tasks_stack import statements
from websocket_stack.tasks.run_table import QUEUED_SECONDS

STACKS = {
    "Worker": tasks_stack.evaluated(),
    "Chat": graphql_stack.evaluated(**graphql_stack.AT_ONCE),
}


@pytest.mark.parametrize(("title", "stack"), STACKS.items())
def test_a_text_is_begun_once_and_soon_or_not_at_all(title: str, stack: Stack) -> None:
    events = stack.properties(f"{title}Events")
    assert events["MaximumRetryAttempts"] == 0
    # Then its row says so too.
    assert events["MaximumEventAgeInSeconds"] == QUEUED_SECONDS
    # For the alias that is called, not for the function.
    assert events["Qualifier"] == stack.properties("LiveAlias")["Name"]


@pytest.mark.parametrize(("title", "stack"), STACKS.items())
def test_another_function_is_told(title: str, stack: Stack) -> None:
    events = stack.properties(f"{title}Events")
    assert events["DestinationConfig"] == {"OnFailure": {"Destination": "<Failures.Arn>"}}
    telling = statements(stack, f"{title}Role")["TellOfFailures"]
    assert (telling["Action"], telling["Resource"]) == ("lambda:InvokeFunction", "<Failures.Arn>")
