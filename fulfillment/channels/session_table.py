"""The session table: which connection belongs to a Lex session."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from fulfillment.errors import AddressContested, SessionTableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Row: TypeAlias = Mapping[str, AttributeValueTypeDef]

# As the registration has it, an owner's row expires when it has not been used for a day. With the
# margin it need not be written in every turn, and not at all while a connection lives.
UNUSED_SECONDS = 24 * 60 * 60
MARGIN_SECONDS = 2 * 60 * 60


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

        A row that has an owner is kept from expiring: a client that asks goes on using the session.

        Raises:
            AddressContested: a second owner claimed the session while this one used it.
            SessionTableError: the table could not be read, or the row not kept.
        """
        try:
            row = self._client.get_item(
                TableName=self._name,
                Key={"sessionId": {"S": session_id}},
                # The browser may have connected a moment ago.
                ConsistentRead=True,
            ).get("Item", {})
            seconds_left = self._seconds_left(row)
            if "owner" in row and 0 < seconds_left < UNUSED_SECONDS:
                self._keep(session_id)
        except (ClientError, BotoCoreError) as exc:
            raise SessionTableError(type(exc).__name__) from exc
        if seconds_left <= 0:
            return None
        if row.get("contested", {"BOOL": False}) != {"BOOL": False}:
            raise AddressContested("two owners claim the session")
        return row.get("connectionId", {}).get("S")

    def _seconds_left(self, row: Row) -> float:
        # DynamoDB deletes expired rows within days, not at once; Lex Web UI writes a fraction.
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
        ttl = row.get("ttl", {}).get("N")
        return inf if ttl is None else float(ttl) - self._now()

    def _keep(self, session_id: str) -> None:
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._name,
                Key={"sessionId": {"S": session_id}},
                UpdateExpression="SET #ttl = :ttl",
                # It may have been deleted meanwhile.
                ConditionExpression="attribute_exists(#owner)",
                ExpressionAttributeNames={"#ttl": "ttl", "#owner": "owner"},
                ExpressionAttributeValues={
                    ":ttl": {"N": str(int(self._now()) + UNUSED_SECONDS + MARGIN_SECONDS)}
                },
            )
