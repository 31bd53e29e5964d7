"""Earlier turns of conversations, kept in this process or in a memory of the library."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from fulfillment.logs import log_failure
from fulfillment.memory.base import Exchange, Memory
from fulfillment.memory.history import trim
from websocket_stack.server.redis_memory import RedisMemory

MAX_CONVERSATIONS = 10_000
# The model waits for the earlier turns; a memory that takes longer is done without.
LOAD_SECONDS = 2.0


class LocalMemory:
    """Conversations in this process: the latest ones, until they have not been used for too long.

    Args:
        keep_seconds: how long a conversation is kept after its last turn.
        most: how many conversations are kept.
        clock: seconds, from any start.
    """

    def __init__(
        self,
        keep_seconds: float,
        most: int = MAX_CONVERSATIONS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keep_seconds = keep_seconds
        self._most = most
        self._clock = clock
        # The oldest come first.
        self._conversations: dict[str, tuple[float, Sequence[Exchange]]] = {}

    def load(self, conversation_id: str) -> Sequence[Exchange]:
        """Return a conversation; see :class:`fulfillment.memory.base.Memory`."""
        until, exchanges = self._conversations.get(conversation_id, (0.0, ()))
        return exchanges if self._clock() < until else ()

    def save(self, conversation_id: str, exchanges: Sequence[Exchange]) -> None:
        """Replace a conversation; see :class:`fulfillment.memory.base.Memory`."""
        now = self._clock()
        self._conversations.pop(conversation_id, None)
        self._conversations[conversation_id] = (now + self._keep_seconds, exchanges)
        while self._conversations:
            oldest, (until, _) = next(iter(self._conversations.items()))
            if until > now and len(self._conversations) <= self._most:
                return
            del self._conversations[oldest]


class Conversations:
    """Loads and saves conversations; a memory that fails costs no reply.

    Args:
        memory: where they are kept.
        turns: how many turns of each are kept at most.
        tokens: how many tokens these may have together.
    """

    def __init__(self, memory: Memory, *, turns: int, tokens: int) -> None:
        self._memory = memory
        self._turns = turns
        self._tokens = tokens

    async def load(self, conversation_id: str) -> Sequence[Exchange] | None:
        """Return the turns of a conversation, or ``None`` if they could not be loaded."""
        if isinstance(self._memory, LocalMemory):
            return self._memory.load(conversation_id)
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                loaded = await asyncio.to_thread(self._memory.load, conversation_id)
        # A builder's own memory may raise anything.
        except Exception as exc:
            log_failure("the conversation was not loaded", exc)
            return None
        return trim(loaded, turns=self._turns, tokens=self._tokens)

    async def add(self, conversation_id: str, exchange: Exchange) -> None:
        """Add a turn to a conversation; one that cannot be loaded is left as it is."""
        if not exchange.utterance.strip() or not exchange.reply.strip():
            return
        # As it is now: another question of the same conversation may have been answered.
        earlier = await self.load(conversation_id)
        if earlier is None:
            return
        exchanges = trim([*earlier, exchange], turns=self._turns, tokens=self._tokens)
        if isinstance(self._memory, LocalMemory):
            self._memory.save(conversation_id, exchanges)
            return
        try:
            await asyncio.to_thread(self._memory.save, conversation_id, exchanges)
        except Exception as exc:
            log_failure("the conversation was not saved", exc)

    def close(self) -> None:
        """Let go of the memory, which is used no more."""
        if isinstance(self._memory, RedisMemory):
            self._memory.close()
