"""Change sets: what a deployment would change, before it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from websocket_stack.deployment.failures import Failed, code_of
from websocket_stack.deployment.stacks import Kind

POLL_SECONDS = 2.0
# CloudFormation says so in words only.
NOTHING_TO_CHANGE = ("didn't contain changes", "No updates are to be performed")
# What the templates need: roles, roles with names, and, nested, transforms of none of ours.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")

_MODIFIED = {"True": "replaced", "False": "changed in place", "Conditional": "maybe replaced"}
_OTHERS = {"Add": "new", "Remove": "deleted", "Import": "taken in", "Dynamic": "known later"}


class Change(NamedTuple):
    """One resource and what happens to it; of a nested stack, ``Nested/Resource``."""

    action: str
    logical_id: str
    type: str
    replacement: str


@dataclass(frozen=True)
class ChangeSet:
    """A change set that can be executed; without changes, it is one of outputs alone."""

    id: str
    stack_id: str
    changes: Sequence[Change]


@dataclass(frozen=True)
class Request:
    """What a stack should become; ``source`` is its template, as a body or an address."""

    stack_name: str
    kind: Kind
    source: Mapping[str, str]
    parameters: Sequence[Mapping[str, str | bool]]
    has_nested_stacks: bool


class ChangeSets:
    """Takes a ``cloudformation`` client, how to wait, and a text that names this run."""

    def __init__(self, client: Any, sleep: Callable[[float], None], run: str) -> None:
        self._client = client
        self._sleep = sleep
        self._run = run

    def create(self, request: Request, say: Callable[[str], None]) -> ChangeSet | None:
        """Return the change set, or ``None`` if there is nothing to change.

        Raises:
            Failed: CloudFormation refuses the change.
        """
        if not request.has_nested_stacks:
            return self._create(request, f"deploy-{self._run}", include_nested_stacks=False)
        try:
            return self._create(request, f"deploy-{self._run}", include_nested_stacks=True)
        except Failed as exc:
            # A nested stack's parameter that comes from another's output has no value yet, and a
            # pattern or a function may refuse that: cloudformation-coverage-roadmap issue 759.
            say(f"no list of the nested stacks' changes: {exc}")
        return self._create(request, f"deploy-{self._run}-flat", include_nested_stacks=False)

    def _create(
        self, request: Request, name: str, *, include_nested_stacks: bool
    ) -> ChangeSet | None:
        try:
            made = self._client.create_change_set(
                StackName=request.stack_name,
                ChangeSetName=name,
                ChangeSetType=request.kind,
                Parameters=list(request.parameters),
                Capabilities=list(CAPABILITIES),
                IncludeNestedStacks=include_nested_stacks,
                **request.source,
            )
        except ClientError as exc:
            if code_of(exc) == "ValidationError" and _is_nothing(str(exc)):
                return None
            raise
        described = self._wait(made["Id"])
        if described["Status"] == "FAILED":
            reason = described.get("StatusReason") or "no reason given"
            if not _is_nothing(reason):
                reason = self._deepest_reason(reason)
            self._client.delete_change_set(ChangeSetName=made["Id"])
            if _is_nothing(reason):
                return None
            raise Failed(f"CloudFormation refuses the change: {reason}")
        changes = list(self._changes(made["Id"], ""))
        if not changes and next(self._pages(made["Id"]), None):
            # Nested stacks alone, and nothing changes in them.
            self._client.delete_change_set(ChangeSetName=made["Id"])
            return None
        return ChangeSet(made["Id"], made["StackId"], changes)

    def _deepest_reason(self, reason: str) -> str:
        """Follow "Nested change set <arn> was not successfully created" to what it says itself."""
        for word in reason.split():
            if ":changeSet/" in word:
                described = self._client.describe_change_set(ChangeSetName=word.strip(".,:"))
                inner = described.get("StatusReason")
                if inner and inner != reason:
                    return self._deepest_reason(inner)
        return reason

    def _wait(self, change_set: str) -> Mapping[str, Any]:
        while True:
            described: dict[str, Any] = self._client.describe_change_set(ChangeSetName=change_set)
            if described["Status"] in ("CREATE_COMPLETE", "FAILED"):
                return described
            self._sleep(POLL_SECONDS)

    def _changes(self, change_set: str, prefix: str) -> Iterator[Change]:
        for each in self._pages(change_set):
            resource = each["ResourceChange"]
            change = _change(resource, prefix)
            nested = resource.get("ChangeSetId")
            # A nested stack is always listed; with nothing to change in it, it stays as it is.
            if nested and change.action == "Modify" and self._changes_nothing(nested):
                continue
            yield change
            if nested:
                yield from self._changes(nested, f"{change.logical_id}/")

    def _changes_nothing(self, change_set: str) -> bool:
        described = self._client.describe_change_set(ChangeSetName=change_set)
        return described["Status"] == "FAILED" and _is_nothing(described.get("StatusReason") or "")

    def _pages(self, change_set: str) -> Iterator[Mapping[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self._client.describe_change_set(ChangeSetName=change_set, **token)
            yield from page.get("Changes", [])
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def discard(self, change_set: ChangeSet, kind: Kind) -> None:
        """Delete a change set, and the empty stack that one for a new stack leaves."""
        self._client.delete_change_set(ChangeSetName=change_set.id)
        if kind == "CREATE":
            self._client.delete_stack(StackName=change_set.stack_id)

    def execute(self, change_set: ChangeSet) -> None:
        """Start the change."""
        self._client.execute_change_set(ChangeSetName=change_set.id)


def _change(resource: Mapping[str, Any], prefix: str) -> Change:
    action = resource["Action"]
    if action == "Modify":
        replacement = _MODIFIED.get(resource.get("Replacement", ""), "changed in place")
    elif str(resource.get("PolicyAction", "")).startswith("Retain"):
        replacement = "leaves the stack, is kept"
    else:
        replacement = _OTHERS.get(action, action)
    return Change(
        action, prefix + resource["LogicalResourceId"], resource["ResourceType"], replacement
    )


def _is_nothing(reason: str) -> bool:
    return any(each in reason for each in NOTHING_TO_CHANGE)
