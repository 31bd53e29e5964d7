"""Removes a stack and everything that was uploaded for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from websocket_stack.aws_errors import error_code
from websocket_stack.command_line import CommandFailed, Console, table
from websocket_stack.deployment import stacks
from websocket_stack.deployment.artifact_bucket import ArtifactBucket
from websocket_stack.deployment.stack_events import NESTED, StackEvents
from websocket_stack.deployment.stacks import Stack


class Removal:
    """Shows what there is to remove, asks, and removes it.

    Args:
        client: a ``cloudformation`` client.
        bucket: the stack's bucket.
        console: where lines go and questions are asked.
        clock: a monotonic clock, in seconds.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        client: Any,
        bucket: ArtifactBucket,
        console: Console,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._console = console
        self._clock = clock
        self._sleep = sleep

    def run(self, name: str) -> None:
        """Remove a stack.

        Args:
            name: the stack's name.

        Raises:
            CommandFailed: nothing is there, or not all of it could be removed.
        """
        stack = stacks.find(self._client, name)
        has_bucket = self._bucket.exists()
        keys = self._bucket.keys() if has_bucket else []
        if stack is None and not keys:
            raise CommandFailed(f"there is no stack {name} in this region")
        self._show(name, stack, keys, made_here=has_bucket and self._bucket.made_here())
        if not self._console.confirms("Delete all this?"):
            self._console.say("nothing was deleted")
            return
        if stack is not None:
            self._delete(stack)
        if has_bucket:
            self._empty(keys)
        self._console.say(f"{name} is gone")

    def _show(self, name: str, stack: Stack | None, keys: list[str], *, made_here: bool) -> None:
        say = self._console.say
        if stack is None:
            say(f"stack {name} is gone already")
        else:
            say(f"stack {stack.name} ({stack.status}):")
            rows = list(self._resources(stack.id, ""))
            for line in table(rows):
                say(f"  {line}")
        for key in keys:
            say(f"object {self._bucket.name}/{key}")
        if made_here:
            say(f"bucket {self._bucket.name}, if no other stack has something in it")

    def _resources(self, stack_id: str, prefix: str) -> Iterator[tuple[str, ...]]:
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=stack_id)
        for page in pages:
            for each in page["StackResourceSummaries"]:
                if each["ResourceStatus"] == "DELETE_COMPLETE":
                    continue
                logical_id = prefix + each["LogicalResourceId"]
                yield logical_id, each["ResourceType"]
                if each["ResourceType"] == NESTED and each.get("PhysicalResourceId"):
                    yield from self._resources(each["PhysicalResourceId"], f"{logical_id}/")

    def _delete(self, stack: Stack) -> None:
        if stack.status == stacks.ONLY_REVIEWED:
            # It is empty: there are no events to follow.
            self._client.delete_stack(StackName=stack.id)
            return
        if stack.status.endswith("_IN_PROGRESS"):
            raise CommandFailed(
                f"{stack.name} is changing ({stack.status}); try again when it is done"
            )
        events = StackEvents(self._client, stack.id, self._clock, self._sleep)
        self._client.delete_stack(StackName=stack.id)
        outcome = events.follow(self._console.say)
        if not outcome.succeeded:
            raise CommandFailed(f"{stack.name} is not deleted: {outcome.reason}")

    def _empty(self, keys: list[str]) -> None:
        self._bucket.empty()
        if keys:
            self._console.say(f"deleted {len(keys)} objects of {self._bucket.name}")
        try:
            if self._bucket.delete_if_unused():
                self._console.say(f"deleted bucket {self._bucket.name}")
        except ClientError as exc:
            # Another deployment may have uploaded something in the meantime.
            if error_code(exc) != "BucketNotEmpty":
                raise
