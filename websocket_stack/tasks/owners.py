"""What each owner is running, and how much they may run."""

from __future__ import annotations

import time
from collections.abc import Callable, Set
from typing import TYPE_CHECKING, Any

from websocket_stack.tasks.run_table import RunTable
from websocket_stack.tasks.runs import Run, State, digest_of, number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Its set of runs is kept so long after the last was added.
ROW_SECONDS = 24 * 60 * 60


class Owners:
    """Counts the runs of each owner, in the table of the runs.

    Args:
        client: a ``dynamodb`` client.
        name: the table's name.
        runs: the runs.
        most_at_once: how many runs an owner may have at the same time.
        most_a_minute: how many an owner may begin in a minute.
        now: the wall clock, in epoch seconds.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        name: str,
        runs: RunTable,
        *,
        most_at_once: int,
        most_a_minute: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._name = name
        self._runs = runs
        self._most_at_once = most_at_once
        self._most_a_minute = most_a_minute
        self._now = now

    def admit(self, run: Run) -> bool:
        """Count a run among those of its owner; return whether they are not too many."""
        if not self._count(run.owner):
            return False
        if self._enter(run):
            return True
        # Some of those that are counted may be over, and their workers did not come to say so.
        over = self._counted(run.owner) - {run.key for run in self.running(run.owner)}
        self._leave(run.owner, over)
        return self._enter(run)

    def running(self, owner: str) -> list[Run]:
        """Return the runs of an owner that are not over."""
        now = self._now()
        return [
            run
            for run in self._runs.find_all(self._counted(owner))
            if run.state is not State.DONE and run.over_at >= now
        ]

    def leave(self, run: Run) -> None:
        """Stop counting a run among those of its owner."""
        self._leave(run.owner, {run.key})

    def _count(self, owner: str) -> bool:
        minute = int(self._now()) // 60
        return self._succeeds(
            f"minute/{minute}/{digest_of(owner)}",
            "SET expiresAt = :expiresAt ADD asked :one",
            "attribute_not_exists(asked) OR asked < :most",
            {
                ":expiresAt": number((minute + 2) * 60),
                ":one": {"N": "1"},
                ":most": {"N": str(self._most_a_minute)},
            },
        )

    def _enter(self, run: Run) -> bool:
        return self._succeeds(
            _row(run.owner),
            "SET expiresAt = :expiresAt ADD running :run",
            # Counted already: the request was sent again, after an answer that got lost.
            "attribute_not_exists(running) OR size(running) < :most OR contains(running, :key)",
            {
                ":key": {"S": run.key},
                ":expiresAt": number(self._now() + ROW_SECONDS),
                ":run": {"SS": [run.key]},
                ":most": {"N": str(self._most_at_once)},
            },
        )

    def _counted(self, owner: str) -> set[str]:
        item = self._client.get_item(
            TableName=self._name, Key={"id": {"S": _row(owner)}}, ConsistentRead=True
        ).get("Item", {})
        return set(item.get("running", {}).get("SS", ()))

    def _leave(self, owner: str, keys: Set[str]) -> None:
        if keys:
            self._client.update_item(
                TableName=self._name,
                Key={"id": {"S": _row(owner)}},
                UpdateExpression="DELETE running :runs",
                ExpressionAttributeValues={":runs": {"SS": sorted(keys)}},
            )

    def _succeeds(self, key: str, change: str, condition: str, values: dict[str, Any]) -> bool:
        """Change any item, under a condition; return whether that held."""
        try:
            self._client.update_item(
                TableName=self._name,
                Key={"id": {"S": key}},
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _row(owner: str) -> str:
    return f"owner/{digest_of(owner)}"
