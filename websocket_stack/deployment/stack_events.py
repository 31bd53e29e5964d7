"""Follows a stack and its nested stacks while they change, until CloudFormation is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from websocket_stack.aws_errors import error_code

POLL_SECONDS = 3.0
SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"})
NESTED = "AWS::CloudFormation::Stack"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html
THROTTLED = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded"})
# The reasons of resources that were stopped because another one had failed.
CANCELLED = ("Resource creation cancelled", "Resource update cancelled")


@dataclass(frozen=True)
class Timing:
    """Clocks, and how to wait.

    Args:
        clock: a monotonic clock, in seconds.
        now: the wall clock, in epoch seconds.
        sleep: waits for some seconds.
    """

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Event(NamedTuple):
    """One event of a stack; its ``logical_id`` in a nested stack is ``Nested/Resource``."""

    id: str
    at: datetime
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str

    @property
    def is_failure(self) -> bool:
        return self.status.endswith("_FAILED") and not self.reason.startswith(CANCELLED)


class ChangeOutcome(NamedTuple):
    """How a change ended, and the first resource that failed."""

    status: str
    first_failure: Event | None

    @property
    def succeeded(self) -> bool:
        return self.status in SUCCEEDED

    @property
    def reason(self) -> str:
        """Why the change failed."""
        if self.first_failure is None:
            return "no resource says why"
        return f"{self.first_failure.logical_id}: {self.first_failure.reason or 'no reason given'}"


class StackEvents:
    """Events of a stack from now on.

    Args:
        client: a ``cloudformation`` client.
        stack_id: the stack's id.
        clock: a monotonic clock, in seconds.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        client: Any,
        stack_id: str,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        self._stack_id = stack_id
        self._clock = clock
        self._sleep = sleep
        newest = next(iter(self._pages_of(stack_id)), None)
        self._seen = {newest["EventId"]} if newest else set()
        self._started_at: datetime | None = None
        self._nested: dict[str, str] = {}

    def follow(self, say: Callable[[str], None]) -> ChangeOutcome:
        """Report each new event until the stack is done.

        Args:
            say: is given a line for each event.

        Returns:
            How the change ended.
        """
        started = self._clock()
        first_failure = None
        while True:
            for event in self._new():
                say(_line(event, self._clock() - started))
                if first_failure is None and event.is_failure:
                    first_failure = event
                if event.physical_id == self._stack_id and _is_final(event.status):
                    return ChangeOutcome(event.status, first_failure)
            self._sleep(POLL_SECONDS)

    def _new(self) -> list[Event]:
        events = self._new_of(self._stack_id, "")
        if self._started_at is None and events:
            # By CloudFormation's clock; earlier events of nested stacks belong to other changes.
            self._started_at = min(event.at for event in events)
        followed: set[str] = set()
        while unfollowed := [each for each in self._nested if each not in followed]:
            for nested in unfollowed:
                followed.add(nested)
                events += self._new_of(nested, self._nested[nested])
        return sorted(events, key=lambda event: event.at)

    def _new_of(self, stack_id: str, prefix: str) -> list[Event]:
        """Return the new events of one stack, oldest first, and note the stacks nested in it."""
        try:
            events = list(self._unseen(stack_id, prefix))
        except (ConnectionError, HTTPClientError):
            return []  # the next look may get through
        except ClientError as exc:
            # A nested stack may not exist yet, or no longer.
            if error_code(exc) in THROTTLED or stack_id != self._stack_id:
                return []
            raise
        for event in events:
            self._seen.add(event.id)
            if event.type == NESTED and event.physical_id not in ("", stack_id):
                self._nested.setdefault(event.physical_id, f"{event.logical_id}/")
        # A nested stack's events about itself are in its parent's too.
        return [each for each in reversed(events) if not prefix or each.physical_id != stack_id]

    def _unseen(self, stack_id: str, prefix: str) -> Iterator[Event]:
        for raw in self._pages_of(stack_id):
            # Newest first: all after a known one are known.
            if raw["EventId"] in self._seen:
                return
            event = _event(raw, prefix)
            if prefix and self._started_at and event.at < self._started_at:
                return
            yield event

    def _pages_of(self, stack_id: str) -> Iterator[Mapping[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self._client.describe_stack_events(StackName=stack_id, **token)
            yield from page["StackEvents"]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}


def _event(raw: Mapping[str, Any], prefix: str) -> Event:
    return Event(
        raw["EventId"],
        raw["Timestamp"],
        prefix + raw["LogicalResourceId"],
        raw.get("PhysicalResourceId") or "",
        raw["ResourceType"],
        raw["ResourceStatus"],
        " ".join((raw.get("ResourceStatusReason") or "").split()),
    )


def _is_final(status: str) -> bool:
    return status.endswith(("_COMPLETE", "_FAILED"))


def _line(event: Event, elapsed: float) -> str:
    line = f"{elapsed:5.0f} s  {event.status:<20}  {event.logical_id}  {event.type}"
    return f"{line}: {event.reason}" if event.is_failure and event.reason else line
