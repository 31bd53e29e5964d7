"""The conversation table: earlier turns in DynamoDB, under an id that cannot be guessed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from fulfillment.errors import ConversationTableError
from fulfillment.memory.base import Exchange

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ConversationTable:
    """A memory in a DynamoDB table; see :class:`fulfillment.memory.Memory`.

    A row has the key ``conversationId`` (S), ``exchanges`` (S: a JSON list of objects with the
    fields of an :class:`Exchange`) and ``ttl`` (N, epoch seconds).

    Args:
        client: a boto3 client of ``dynamodb``.
        name: the table's name.
        keep_seconds: how long to keep a conversation after its last turn.
        now: the wall clock, in epoch seconds.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        name: str,
        keep_seconds: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._name = name
        self._keep_seconds = keep_seconds
        self._now = now

    def load(self, conversation_id: str) -> list[Exchange]:
        """Return a conversation that has not expired.

        Raises:
            ConversationTableError: DynamoDB failed, or the row is not one of ours.
        """
        try:
            row = self._client.get_item(
                TableName=self._name,
                Key={"conversationId": {"S": conversation_id}},
                # The last turn may have been saved a moment ago.
                ConsistentRead=True,
            ).get("Item")
        except (ClientError, BotoCoreError) as exc:
            raise ConversationTableError(_code(exc)) from exc
        return [] if row is None else _exchanges(row, self._now())

    def save(self, conversation_id: str, exchanges: Sequence[Exchange]) -> None:
        """Replace a conversation, and keep it for longer.

        Raises:
            ConversationTableError: DynamoDB failed.
        """
        rows = [exchange._asdict() for exchange in exchanges]
        try:
            self._client.put_item(
                TableName=self._name,
                Item={
                    "conversationId": {"S": conversation_id},
                    "exchanges": {"S": json.dumps(rows, ensure_ascii=False)},
                    "ttl": {"N": str(int(self._now() + self._keep_seconds))},
                },
            )
        except (ClientError, BotoCoreError) as exc:
            raise ConversationTableError(_code(exc)) from exc


def _exchanges(row: Mapping[str, Any], now: float) -> list[Exchange]:
    try:
        # DynamoDB deletes within days, not at once.
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
        if int(row["ttl"]["N"]) <= now:
            return []
        return [Exchange(**fields) for fields in json.loads(row["exchanges"]["S"])]
    except (KeyError, ValueError, TypeError) as exc:
        raise ConversationTableError("the row is not one of ours") from exc


def _code(error: ClientError | BotoCoreError) -> str:
    # DynamoDB's word, such as AccessDeniedException, which has no type in botocore.
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else ""
    return code or type(error).__name__
