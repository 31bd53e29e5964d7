"""One conversation while a turn of it runs: loaded beside it, saved at its end."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Mapping, Sequence

from fulfillment.memory.base import Exchange, Memory, trimmed

# The session attribute that it travels in. Session ids are guessable and shared by tabs, so they
# are no key to what somebody said.
ATTRIBUTE = "conversationId"
ID_BYTES = 24
ID = re.compile(r"[0-9A-Za-z_-]{32}")
# A memory that takes longer is none; the model is kept waiting for it.
LOAD_SECONDS = 2.0


class Conversation:
    """Takes the memory (``None`` remembers nothing), the session attributes, how many turns and
    tokens to keep, and how long to wait for earlier turns.

    Attributes:
        error: why the memory could not be used, or not in time, or ``None``.
    """

    def __init__(
        self,
        memory: Memory | None,
        attributes: Mapping[str, str],
        *,
        turns: int = 10,
        tokens: int = 8000,
        load_seconds: float = LOAD_SECONDS,
    ) -> None:
        self._memory = memory
        self._turns = turns
        self._tokens = tokens
        self._load_seconds = load_seconds
        known = attributes.get(ATTRIBUTE, "")
        # What does not look like one of ours is replaced.
        self._is_new = not ID.fullmatch(known)
        self.id = secrets.token_urlsafe(ID_BYTES) if self._is_new else known
        self._is_named = False
        self._loaded = threading.Event()
        self._earlier: Sequence[Exchange] | None = None
        self.error: BaseException | None = None
        if memory is None or self._is_new:
            self._earlier = ()
            self._loaded.set()

    @property
    def attributes(self) -> dict[str, str]:
        """The session attributes that bring the next turn back to it."""
        return {ATTRIBUTE: self.id} if self._memory is not None or self._is_named else {}

    def name(self) -> str:
        """Return its id, for a service that remembers by itself: the next turn has it too."""
        self._is_named = True
        return self.id

    @property
    def is_remembered(self) -> bool:
        """Whether the next turn will know of this one, as far as can be told now."""
        has_failed = self._loaded.is_set() and self._earlier is None
        return self._memory is not None and not has_failed

    def load(self) -> None:
        """Load the earlier turns; never raises."""
        if self._memory is None or self._is_new:
            return
        try:
            loaded = self._memory.load(self.id)
            self._earlier = trimmed(loaded, turns=self._turns, tokens=self._tokens)
        # A builder's own memory may raise anything, and a turn must not fail over it.
        except BaseException as exc:
            self.error = exc
        finally:
            self._loaded.set()

    def earlier(self) -> Sequence[Exchange]:
        """Return the earlier turns, once they are loaded; none if that takes too long or fails."""
        if not self._loaded.wait(self._load_seconds):
            # Waited for once, and not again at each call of the model.
            self._load_seconds = 0.0
            self.error = TimeoutError()
        return self._earlier or ()

    def save(self, exchange: Exchange) -> None:
        """Add a turn and save all; never raises.

        What could not be loaded is left as it is, rather than overwritten by one turn.
        """
        if self._memory is None or not exchange.utterance.strip() or not exchange.reply.strip():
            return
        # A function that asks no model may be done before it is loaded.
        self.earlier()
        if self._earlier is None:
            return
        exchanges = trimmed([*self._earlier, exchange], turns=self._turns, tokens=self._tokens)
        try:
            self._memory.save(self.id, exchanges)
        except BaseException as exc:
            self.error = exc
