"""A stack as it is, and what can be done to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.websocket_stack.deployment.cloudformation_fakes import QUEUE_TEMPLATE, refusal
from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment import stacks
from websocket_stack.deployment.stacks import Stack, kind_of_change


def in_status(status: str) -> Stack:
    return Stack("arn", "lex", status)


def test_a_stack_has_parameters_and_outputs(cloudformation: Any) -> None:
    cloudformation.create_stack(StackName="lex", TemplateBody=QUEUE_TEMPLATE)
    stack = stacks.find(cloudformation, "lex")

    assert stack is not None
    assert (stack.name, stack.status) == ("lex", "CREATE_COMPLETE")
    assert stack.parameters == {"Name": "plain", "Colour": "red"}
    assert stack.outputs["WebSocketEndpoint"] == "wss://a.example/Prod"


def test_a_stack_that_is_not_there_is_none(cloudformation: Any) -> None:
    assert stacks.find(cloudformation, "lex") is None


def test_another_error_is_not_taken_for_absence() -> None:
    class Closed:
        def describe_stacks(self, **request: str) -> None:
            raise refusal("you may not", "AccessDenied")

    with pytest.raises(Exception, match="you may not"):
        stacks.find(Closed(), "lex")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("REVIEW_IN_PROGRESS", "CREATE"),
        ("CREATE_COMPLETE", "UPDATE"),
        ("UPDATE_COMPLETE", "UPDATE"),
        ("UPDATE_ROLLBACK_COMPLETE", "UPDATE"),
    ],
)
def test_a_stack_is_created_or_updated(status: str, kind: str) -> None:
    assert kind_of_change(in_status(status)) == kind
    assert kind_of_change(None) == "CREATE"


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("ROLLBACK_COMPLETE", "delete it first: scripts/deploy lex --delete"),
        ("DELETE_FAILED", "delete it first"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name lex"),
        ("UPDATE_IN_PROGRESS", "is changing now"),
    ],
)
def test_what_stands_in_the_way_is_said(status: str, message: str) -> None:
    with pytest.raises(CommandFailed, match=message):
        kind_of_change(in_status(status))
