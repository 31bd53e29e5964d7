"""The session table: which connection belongs to a Lex session."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from fulfillment.errors import SessionTableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Session(NamedTuple):
    """A row: the connection that registered for a session."""

    connection_id: str
    contested: bool = False
    """A second owner claimed the session while this connection lived: trust neither."""


class Sessions(Protocol):
    """What finds the connection of a session."""

    def find(self, session_id: str) -> Session | None:
        """Return the live row of a session, or ``None``; raises SessionTableError."""


class SessionTable:
    """Reads the rows that the registration Lambda, ours or Lex Web UI's own, wrote.

    Takes a ``dynamodb`` client, the table's name, and the wall clock in epoch seconds.
    """

    def __init__(
        self, client: DynamoDBClient, name: str, now: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._name = name
        self._now = now

    def find(self, session_id: str) -> Session | None:
        """Return the live row of a session, or ``None``.

        Raises:
            SessionTableError: the table could not be read.
        """
        try:
            item = self._client.get_item(
                TableName=self._name,
                Key={"sessionId": {"S": session_id}},
                # The browser may have connected a moment ago.
                ConsistentRead=True,
            ).get("Item")
        except (ClientError, BotoCoreError) as exc:
            raise SessionTableError(type(exc).__name__) from exc
        if not item or "S" not in item.get("connectionId", {}) or self._has_expired(item):
            return None
        return Session(item["connectionId"]["S"], item.get("contested", {}).get("BOOL", False))

    def _has_expired(self, item: dict[str, Any]) -> bool:
        # DynamoDB deletes expired rows within days, not at once; Lex Web UI writes a fraction.
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
        ttl = item.get("ttl", {}).get("N")
        return ttl is not None and float(ttl) <= self._now()
