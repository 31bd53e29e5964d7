"""Change sets: what a deployment would change, before it changes anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from websocket_stack.aws_errors import AWS_ERRORS, error_code
from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.stacks import Kind
from websocket_stack.deployment.template_files import DeclaredResource

POLL_SECONDS = 2.0
# CloudFormation has no error code for it.
NOTHING_TO_CHANGE = ("didn't contain changes", "No updates are to be performed")
# For roles, for roles with names, and for nested stacks.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")

_MODIFIED = {"True": "replaced", "False": "changed in place", "Conditional": "maybe replaced"}
_OTHERS = {"Add": "new", "Remove": "deleted", "Import": "taken in", "Dynamic": "known later"}


class Change(NamedTuple):
    """What happens to one resource; its ``logical_id`` in a nested stack is ``Nested/Resource``."""

    action: str
    logical_id: str
    type: str
    replacement: str


@dataclass(frozen=True)
class ChangeSet:
    """A change set that can be executed; one without ``changes`` changes outputs alone."""

    id: str
    stack_id: str
    changes: Sequence[Change]


@dataclass(frozen=True)
class ChangeRequest:
    """The change to ask CloudFormation for.

    Args:
        stack_name: the stack.
        kind: whether it is made or changed.
        source: its template: ``TemplateBody`` or ``TemplateURL``.
        parameters: the values of its parameters.
        nested: what each nested stack of the template declares, by the stack's logical id.
        tags: tags of the stack; ``None`` keeps those that it has.
        role_arn: the role that makes the changes, if it is not the caller or the stack's own.
    """

    stack_name: str
    kind: Kind
    source: Mapping[str, str]
    parameters: Sequence[Mapping[str, str | bool]]
    nested: Mapping[str, Sequence[DeclaredResource]]
    tags: Mapping[str, str] | None = None
    role_arn: str | None = None

    def options(self) -> dict[str, Any]:
        """Return what CreateChangeSet is told besides names."""
        tags = [{"Key": key, "Value": value} for key, value in (self.tags or {}).items()]
        return {
            "ChangeSetType": self.kind,
            "Parameters": list(self.parameters),
            "Capabilities": list(CAPABILITIES),
            **({"Tags": tags} if tags else {}),
            **({"RoleARN": self.role_arn} if self.role_arn else {}),
            **self.source,
        }


class ChangeSets:
    """Creates, discards and executes change sets.

    Args:
        client: a ``cloudformation`` client.
        sleep: waits for some seconds.
        run: makes the names of this run's change sets unique.
    """

    def __init__(self, client: Any, sleep: Callable[[float], None], run: str) -> None:
        self._client = client
        self._sleep = sleep
        self._run = run

    def create(self, request: ChangeRequest, say: Callable[[str], None]) -> ChangeSet | None:
        """Create a change set, and wait until it can be executed.

        Args:
            request: the change.
            say: is given a line if the changes of nested stacks cannot be listed.

        Returns:
            The change set, or ``None`` if there is nothing to change.

        Raises:
            CommandFailed: CloudFormation refuses the change.
        """
        if not request.nested:
            return self._create(request, f"deploy-{self._run}", include_nested_stacks=False)
        try:
            return self._create(request, f"deploy-{self._run}", include_nested_stacks=True)
        except CommandFailed as exc:
            # A parameter that comes from another nested stack's output has no value yet, which a
            # pattern or a function may refuse: cloudformation-coverage-roadmap issue 759.
            say(f"no list of the nested stacks' changes: {exc}")
        return self._create(request, f"deploy-{self._run}-flat", include_nested_stacks=False)

    def _create(
        self, request: ChangeRequest, name: str, *, include_nested_stacks: bool
    ) -> ChangeSet | None:
        try:
            created = self._client.create_change_set(
                StackName=request.stack_name,
                ChangeSetName=name,
                IncludeNestedStacks=include_nested_stacks,
                **request.options(),
            )
        except ClientError as exc:
            if error_code(exc) == "ValidationError" and _is_nothing(str(exc)):
                return None
            raise
        change_set = ChangeSet(created["Id"], created["StackId"], [])
        try:
            described = self._wait(change_set.id)
        except KeyboardInterrupt:
            self.discard(change_set, request.kind)
            raise
        if described["Status"] == "FAILED":
            reason = described.get("StatusReason") or "no reason given"
            if not _is_nothing(reason):
                reason = self._details(change_set.id, self._deepest_reason(reason))
            self.discard(change_set, request.kind)
            if _is_nothing(reason):
                return None
            raise CommandFailed(f"CloudFormation refuses the change: {reason}")
        changes = list(self._changes(change_set.id, ""))
        if not changes and next(self._pages(change_set.id), None):
            # Only nested stacks are listed, and nothing changes in them.
            self.discard(change_set, request.kind)
            return None
        changes = list(_with_declared(changes, request.nested))
        return ChangeSet(change_set.id, change_set.stack_id, changes)

    def _details(self, change_set: str, reason: str) -> str:
        """Return what early validation found, if that is the reason; it names its hooks alone.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
        """
        if "EarlyValidation" not in reason:
            return reason
        try:
            events = self._client.describe_events(
                ChangeSetName=change_set, Filters={"FailedEvents": True}
            )["OperationEvents"]
        except AWS_ERRORS:
            return reason  # the caller may not, or the Region does not have it yet
        found = [
            f"{each.get('ValidationPath') or each.get('LogicalResourceId', '')}:"
            f" {each['ValidationStatusReason']}"
            for each in events
            if each.get("ValidationStatusReason")
        ]
        return "; ".join(found) or reason

    def _deepest_reason(self, reason: str) -> str:
        """Follow "Nested change set <arn> was not successfully created" to the reason for that."""
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
            # A nested stack is always listed, even if nothing changes in it.
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
        """Delete a change set, and the empty stack that is left if it was for a new one."""
        self._client.delete_change_set(ChangeSetName=change_set.id)
        if kind == "CREATE":
            self._client.delete_stack(StackName=change_set.stack_id)

    def execute(self, change_set: ChangeSet) -> None:
        """Start the change."""
        self._client.execute_change_set(ChangeSetName=change_set.id)


def _with_declared(
    changes: Sequence[Change], nested: Mapping[str, Sequence[DeclaredResource]]
) -> Iterator[Change]:
    """Yield changes, with the resources of new nested stacks where CloudFormation lists none."""
    for change in changes:
        yield change
        prefix = f"{change.logical_id}/"
        is_listed = any(each.logical_id.startswith(prefix) for each in changes)
        if change.action == "Add" and not is_listed:
            for logical_id, kind, is_conditional in nested.get(change.logical_id, ()):
                when = "new, if its condition holds" if is_conditional else "new"
                yield Change("Add", prefix + logical_id, kind, when)


def _change(resource: Mapping[str, Any], prefix: str) -> Change:
    action: str = resource["Action"]
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
