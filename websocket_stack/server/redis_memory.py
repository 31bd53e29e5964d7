"""Conversations in Redis, which all processes of a chat server share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from fulfillment.memory.base import Exchange

# The model waits for the earlier turns.
ANSWER_SECONDS = 1.0


class RedisMemory:
    """See :class:`fulfillment.memory.base.Memory`.

    Args:
        url: such as ``redis://localhost:6379/0``.
        keep_seconds: how long a conversation is kept after its last turn.
    """

    def __init__(self, url: str, keep_seconds: float) -> None:
        self._redis: Any = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._keep_seconds = int(keep_seconds)

    def load(self, conversation_id: str) -> Sequence[Exchange]:
        found = self._redis.get(_key(conversation_id))
        return [Exchange(*fields) for fields in json.loads(found)] if found else []

    def save(self, conversation_id: str, exchanges: Sequence[Exchange]) -> None:
        text = json.dumps(exchanges)
        self._redis.set(_key(conversation_id), text, ex=self._keep_seconds)

    def close(self) -> None:
        """Let go of all connections."""
        self._redis.close()


def _key(conversation_id: str) -> str:
    return f"chat:{{{conversation_id}}}:memory"
