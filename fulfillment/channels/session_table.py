"""The session table: which connection belongs to a Lex session."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from fulfillment.errors import AddressContested, SessionTableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


class SessionTable:
    """Reads the rows that the registration Lambda, ours or Lex Web UI's own, wrote.

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

    def find(self, session_id: str) -> str | None:
        """Return the connection id of a session's live row, or ``None``.

        Raises:
            AddressContested: a second owner claimed the session while this connection lived.
            SessionTableError: the table could not be read.
        """
        try:
            row = self._client.get_item(
                TableName=self._name,
                Key={"sessionId": {"S": session_id}},
                # The browser may have connected a moment ago.
                ConsistentRead=True,
            ).get("Item")
        except (ClientError, BotoCoreError) as exc:
            raise SessionTableError(type(exc).__name__) from exc
        if not row or "S" not in row.get("connectionId", {}) or self._has_expired(row):
            return None
        if row.get("contested", {}).get("BOOL"):
            raise AddressContested("two owners claim the session")
        return row["connectionId"]["S"]

    def _has_expired(self, row: Mapping[str, AttributeValueTypeDef]) -> bool:
        # DynamoDB deletes expired rows within days, not at once; Lex Web UI writes a fraction.
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
        ttl = row.get("ttl", {}).get("N")
        return ttl is not None and float(ttl) <= self._now()
