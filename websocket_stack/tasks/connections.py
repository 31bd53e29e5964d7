"""Who is on which connection, as established when a client connected or signed in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from websocket_stack.tasks.runs import number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A connection lives two hours at most; the margin covers the time between the two clocks.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
CONNECTION_SECONDS = 2 * 60 * 60 + 5 * 60


class Caller(NamedTuple):
    """Who is on a connection.

    Attributes:
        owner: the owner of its tasks; empty until it has signed in.
        until: when it has to sign in again, in epoch seconds.
    """

    owner: str
    until: float


class Connections:
    """Reads and writes the rows of connections, in the table of the runs.

    Args:
        client: a ``dynamodb`` client.
        name: the table's name.
        now: the wall clock, in epoch seconds.
    """

    def __init__(
        self, client: DynamoDBClient, name: str, now: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._name = name
        self._now = now

    def put(self, connection_id: str, owner: str, until: float | None = None) -> None:
        """Write who is on a connection.

        Args:
            connection_id: the connection.
            owner: the owner of its tasks.
            until: when it has to sign in again, in epoch seconds; by default, never.
        """
        expires_at = self._now() + CONNECTION_SECONDS
        self._client.put_item(
            TableName=self._name,
            Item=_key(connection_id)
            | {
                "ownerId": {"S": owner},
                "signedInUntil": number(expires_at if until is None else until),
                "expiresAt": number(expires_at),
            },
        )

    def find(self, connection_id: str) -> Caller:
        """Return who is on a connection."""
        item: Mapping[str, Any] = self._client.get_item(
            TableName=self._name, Key=_key(connection_id), ConsistentRead=True
        ).get("Item", {})
        if not item:
            return Caller("", 0.0)
        return Caller(item["ownerId"]["S"], float(item["signedInUntil"]["N"]))

    def forget(self, connection_id: str) -> None:
        """Delete the row of a connection that has closed."""
        self._client.delete_item(TableName=self._name, Key=_key(connection_id))


def _key(connection_id: str) -> dict[str, Any]:
    return {"id": {"S": f"connection/{connection_id}"}}
