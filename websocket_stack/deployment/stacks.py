"""A CloudFormation stack as it is now, and whether it can be deployed to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from botocore.exceptions import ClientError

from websocket_stack.deployment.failures import Failed, code_of

Kind: TypeAlias = Literal["CREATE", "UPDATE"]
# Of a stack with a change set that was never executed: it has a name and nothing else.
ONLY_REVIEWED = "REVIEW_IN_PROGRESS"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
MUST_GO = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})


@dataclass(frozen=True)
class Stack:
    """What CloudFormation says of a stack."""

    id: str
    name: str
    status: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


def find(client: Any, name: str) -> Stack | None:
    """Return a stack by its name or id, or ``None``; takes a ``cloudformation`` client."""
    try:
        described = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as exc:
        if code_of(exc) == "ValidationError" and "does not exist" in str(exc):
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
    """Return how the stack is changed.

    Raises:
        Failed: it cannot be as it is.
    """
    if stack is None or stack.status == ONLY_REVIEWED:
        return "CREATE"
    if stack.status in MUST_GO:
        raise Failed(
            f"{stack.name} is in {stack.status} and cannot be updated; delete it first:"
            f" scripts/deploy {stack.name} --delete"
        )
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        raise Failed(
            f"{stack.name} is in {stack.status}; mend what failed, then"
            f" aws cloudformation continue-update-rollback --stack-name {stack.name}"
        )
    if stack.status.endswith("_IN_PROGRESS"):
        raise Failed(f"{stack.name} is changing now ({stack.status}); try again when it is done")
    return "UPDATE"
