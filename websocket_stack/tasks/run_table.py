"""The task table: which tasks run, for whom, and where their frames go.

A run is one task or message of one owner. Its row is made before its worker is called, which claims
it: an asynchronous invocation may arrive twice, late, or not at all, and no model is asked twice.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

from websocket_stack.tasks.runs import Run, State, item_of, number, run_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item: TypeAlias = Mapping[str, AttributeValueTypeDef]

# A run that no worker has claimed by then will be by none: its event is dropped at this age.
QUEUED_SECONDS = 60
# What clients may still ask for after the end.
KEPT_SECONDS = 10 * 60
# An item holds 400 KB, and a character takes up to four bytes.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
MAX_KEPT_CHARACTERS = 90_000
BATCH_SIZE = 100


class RunTable:
    """Reads and writes runs.

    Args:
        client: a ``dynamodb`` client.
        name: the table's name; its key is ``id`` (S), its expiry ``expiresAt``.
        now: the wall clock, in epoch seconds.
    """

    def __init__(
        self, client: DynamoDBClient, name: str, now: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._name = name
        self._now = now

    # --- the side of the client

    def claim(self, run: Run) -> Run | None:
        """Write a new run; return the one that already exists instead, or ``None``.

        An existing run that asked for something else and is over is replaced.
        """
        now = self._now()
        write = _new_write()
        try:
            self._client.put_item(
                TableName=self._name,
                Item=item_of(run._replace(over_at=now + QUEUED_SECONDS))
                | {"expiresAt": number(now + QUEUED_SECONDS + KEPT_SECONDS), "write": write},
                ConditionExpression="attribute_not_exists(id)"
                " OR phase <> :done AND overAt < :now"
                " OR phase = :done AND (digest <> :digest OR expiresAt < :now)",
                ExpressionAttributeValues={
                    ":now": number(now),
                    ":done": {"S": State.DONE},
                    ":digest": {"S": run.digest},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as exc:
            # botocore's types do not know the item, which this error has if it is asked for.
            there: Any = exc.response
            # One that was sent again, after an answer that got lost, meets its own.
            return None if there["Item"].get("write") == write else run_of(there["Item"])
        return None

    def drop(self, run: Run) -> None:
        """Delete a run that was claimed, and no worker called for."""
        self._client.delete_item(TableName=self._name, Key=_key(run.key))

    def find(self, key: str) -> Run | None:
        """Return a run, or ``None`` if there is none."""
        return next(iter(self.find_all([key])), None)

    def find_all(self, keys: Iterable[str]) -> list[Run]:
        """Return those of some runs that there are."""
        wanted = sorted(set(keys))
        items: list[Item] = []
        for start in range(0, len(wanted), BATCH_SIZE):
            requests: Any = {
                self._name: {
                    "Keys": [_key(key) for key in wanted[start : start + BATCH_SIZE]],
                    "ConsistentRead": True,
                }
            }
            while requests:
                response = self._client.batch_get_item(RequestItems=requests)
                items += response["Responses"].get(self._name, [])
                requests = response.get("UnprocessedKeys")
        return [run_of(item) for item in items]

    def attach(self, key: str, connection_id: str, received: int | None) -> Run | None:
        """Let a connection have the rest of a run; return the run, or ``None`` if it is over.

        Args:
            key: which run.
            connection_id: the connection.
            received: how many characters it has, or ``None`` for all that were posted.
        """
        values: Item = {":connection": {"S": connection_id}, ":one": {"N": "1"}}
        change = "SET connectionId = :connection REMOVE received ADD attached :one"
        if received is not None:
            values = {**values, ":received": {"N": str(received)}}
            change = "SET connectionId = :connection, received = :received ADD attached :one"
        return self._change(key, change, "phase <> :done", {**values, ":done": {"S": State.DONE}})

    def stop(self, key: str) -> Run | None:
        """Ask a run to end; return it, or ``None`` if it is over."""
        values: Item = {":true": {"BOOL": True}, ":done": {"S": State.DONE}}
        return self._change(key, "SET stopped = :true", "phase <> :done", values)

    # --- the side of the worker

    def begin(self, key: str, worker: str, seconds: float) -> Run | None:
        """Claim a queued run for a worker; return it, or ``None`` if it cannot be claimed.

        Args:
            key: which run.
            worker: the worker's request id.
            seconds: how long the worker lives at most.
        """
        now = self._now()
        values: Item = {
            ":streaming": {"S": State.STREAMING},
            ":queued": {"S": State.QUEUED},
            ":worker": {"S": worker},
            ":now": number(now),
            ":overAt": number(now + seconds),
            ":expiresAt": number(now + seconds + KEPT_SECONDS),
        }
        return self._change(
            key,
            "SET phase = :streaming, worker = :worker, overAt = :overAt, expiresAt = :expiresAt",
            "phase = :queued AND overAt >= :now",
            values,
        )

    def keep(self, key: str, text: str) -> None:
        """Keep what was written of a run so far."""
        values: Item = {":text": {"S": text[:MAX_KEPT_CHARACTERS]}, ":done": {"S": State.DONE}}
        self._change(key, "SET reply = :text", "phase <> :done", values)

    def end(self, run: Run, text: str, ending: Mapping[str, object]) -> bool:
        """End a run; return whether it was still running, on the same connection.

        Args:
            run: the run as its worker knows it.
            text: what was written, for a client that comes back.
            ending: how it ended.
        """
        return self._end(run, text, ending, " AND attached = :attached")

    def fail(self, run: Run, ending: Mapping[str, object]) -> bool:
        """End a run whose worker is gone; return whether it was still running.

        What was kept of its text stays.
        """
        return self._end(run, run.text, ending)

    def _end(self, run: Run, text: str, ending: Mapping[str, object], condition: str = "") -> bool:
        values: dict[str, Any] = {
            ":done": {"S": State.DONE},
            ":text": {"S": text[:MAX_KEPT_CHARACTERS]},
            ":ending": {"S": json.dumps(ending)},
            ":expiresAt": number(self._now() + KEPT_SECONDS),
        }
        if condition:
            values[":attached"] = {"N": str(run.attached)}
        change = "SET phase = :done, reply = :text, ending = :ending, expiresAt = :expiresAt"
        return self._change(run.key, change, f"phase <> :done{condition}", values) is not None

    # --- DynamoDB

    def _change(self, key: str, change: str, condition: str, values: Item) -> Run | None:
        """Change a run that exists, under a condition; return it as it is then.

        A change that is sent again, after an answer that got lost, meets its own and succeeds.

        Args:
            key: which run.
            change: what to change, beginning with SET.
            condition: the condition.
            values: those of both.
        """
        try:
            item = self._client.update_item(
                TableName=self._name,
                Key=_key(key),
                UpdateExpression=change.replace("SET ", "SET #write = :write, ", 1),
                ConditionExpression=f"attribute_exists(id) AND ({condition} OR #write = :write)",
                ExpressionAttributeNames={"#write": "write"},
                ExpressionAttributeValues={**values, ":write": _new_write()},
                ReturnValues="ALL_NEW",
            )["Attributes"]
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return run_of(item)


def _new_write() -> Any:
    """Return a name for a write, by which it knows itself."""
    return {"S": uuid4().hex}


def _key(key: str) -> Item:
    return {"id": {"S": key}}
