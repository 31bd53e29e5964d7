"""A CloudFormation stack as it is now, and whether it can be deployed to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from botocore.exceptions import ClientError

from websocket_stack.aws_errors import error_code
from websocket_stack.command_line import CommandFailed
from websocket_stack.project import command

Kind: TypeAlias = Literal["CREATE", "UPDATE"]
# A stack whose change set was never executed; it has a name and nothing else.
ONLY_REVIEWED = "REVIEW_IN_PROGRESS"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
UNUSABLE = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})


@dataclass(frozen=True)
class Stack:
    """A stack as CloudFormation describes it."""

    id: str
    name: str
    status: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


def find(client: Any, name: str) -> Stack | None:
    """Find a stack.

    Args:
        client: a ``cloudformation`` client.
        name: the stack's name or id.

    Returns:
        The stack, or ``None`` if there is none of that name.
    """
    try:
        described = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as exc:
        if error_code(exc) == "ValidationError" and "does not exist" in str(exc):
            return None
        raise
    return Stack(
        described["StackId"],
        described["StackName"],
        described["StackStatus"],
        {
            each["ParameterKey"]: each.get("ParameterValue", "")
            for each in described.get("Parameters", [])
        },
        {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])},
    )


def kind_of_change(stack: Stack | None) -> Kind:
    """Return whether a stack has to be created or updated.

    Raises:
        CommandFailed: it can be neither in its present status.
    """
    if stack is None or stack.status == ONLY_REVIEWED:
        return "CREATE"
    if stack.status in UNUSABLE:
        raise CommandFailed(
            f"{stack.name} is in {stack.status} and cannot be updated; delete it first:"
            f" {command('deploy')} {stack.name} --delete"
        )
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        raise CommandFailed(
            f"{stack.name} is in {stack.status}; fix what failed, then run"
            f" aws cloudformation continue-update-rollback --stack-name {stack.name}"
        )
    if stack.status.endswith("_IN_PROGRESS"):
        raise CommandFailed(
            f"{stack.name} is changing now ({stack.status}); try again when it is done"
        )
    return "UPDATE"


def template_of(stack: Stack | None) -> str:
    """Return the name of the template that a stack was made from, judging by its parameters."""
    if stack is None or stack.status == ONLY_REVIEWED:
        return "lex-streaming"
    if "TemplatesBucket" in stack.parameters:
        return "lex-streaming"
    if "TaskSeconds" in stack.parameters:
        return "socket-tasks"
    if "AskReturns" in stack.parameters:
        return "graphql-chat"
    if "CodeBucket" in stack.parameters:
        return "fulfillment"
    return "lex-streaming-standalone" if "ModelId" in stack.parameters else "streaming-support"
