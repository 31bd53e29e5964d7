"""One conversation during one of its turns: loaded while the turn begins, saved when it ends."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from fulfillment.memory.base import Exchange, Memory
from fulfillment.memory.history import trim

# The session attribute that holds the id. Session ids are guessable and shared by tabs, so they
# are no key to what a user said.
ATTRIBUTE = "conversationId"
ID_BYTES = 24
ID = re.compile(r"[0-9A-Za-z_-]{32}")
# The model waits for the earlier turns; a memory that takes longer is done without.
LOAD_SECONDS = 2.0


def id_of(owner: str, name: str) -> str:
    """Return the id of a conversation that a client has its own name for.

    Args:
        owner: whose it is; no other owner's name leads to it.
        name: the client's name for it.
    """
    digest = hashlib.sha256(f"{owner}\0{name}".encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest)[:32].decode()


class Conversation:
    """A conversation that one thread loads while another begins the turn.

    Args:
        memory: where conversations are kept; ``None`` remembers nothing.
        attributes: the session attributes of the event.
        turns: how many turns to keep at most.
        tokens: how many tokens these may have together.
        load_seconds: how long loading may take, from now on.
        clock: seconds, from any start.

    Attributes:
        id: its name, which cannot be guessed.
        error: why the memory could not be used, or not in time; ``None`` if it could.
    """

    def __init__(
        self,
        memory: Memory | None,
        attributes: Mapping[str, str],
        *,
        turns: int = 10,
        tokens: int = 8000,
        load_seconds: float = LOAD_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._memory = memory
        self._turns = turns
        self._tokens = tokens
        self._clock = clock
        self._load_by = clock() + load_seconds
        known = attributes.get(ATTRIBUTE, "")
        # A client may send anything: what does not look like one of our ids is replaced.
        self._is_new = not ID.fullmatch(known)
        self.id = secrets.token_urlsafe(ID_BYTES) if self._is_new else known
        self._is_shared = False
        self._loaded = threading.Event()
        self._earlier: Sequence[Exchange] | None = None
        self.error: BaseException | None = None
        if memory is None or self._is_new:
            self._earlier = ()
            self._loaded.set()

    @classmethod
    def from_client(
        cls, exchanges: Sequence[Exchange], *, turns: int = 10, tokens: int = 8000
    ) -> Conversation:
        """Return a conversation whose earlier turns the client sends, and which is not stored.

        Args:
            exchanges: the earlier turns.
            turns: how many of them a model gets, at most.
            tokens: how many tokens these may have together.
        """
        conversation = cls(None, {}, turns=turns, tokens=tokens)
        conversation._earlier = trim(exchanges, turns=turns, tokens=tokens)
        return conversation

    @property
    def attributes(self) -> dict[str, str]:
        """The session attributes by which the next turn finds it."""
        return {ATTRIBUTE: self.id} if self._memory is not None or self._is_shared else {}

    def share_id(self) -> str:
        """Return its id, for a service that remembers by itself; the next turn then has it too."""
        self._is_shared = True
        return self.id

    @property
    def is_remembered(self) -> bool:
        """Whether the next turn will know of this one, as far as is known now."""
        has_failed = self._loaded.is_set() and self._earlier is None
        return self._memory is not None and not has_failed

    def load(self) -> None:
        """Load the earlier turns; never raises."""
        if self._memory is None or self._is_new:
            return
        try:
            loaded = self._memory.load(self.id)
            self._earlier = trim(loaded, turns=self._turns, tokens=self._tokens)
        # A builder's own memory may raise anything, and a turn must not fail over it.
        except BaseException as exc:
            self.error = exc
        finally:
            self._loaded.set()

    def earlier(self) -> Sequence[Exchange]:
        """Return the earlier turns, once they are loaded; none if that takes too long or fails."""
        self._wait_until_loaded()
        return self._earlier or ()

    def save(self, exchange: Exchange) -> None:
        """Add a turn and save all; never raises.

        A conversation that could not be loaded is left as it is, rather than overwritten by one
        turn.
        """
        if self._memory is None or not exchange.utterance.strip() or not exchange.reply.strip():
            return
        # A handler that asks no model may have ended before the earlier turns are there.
        self._wait_until_loaded()
        if self._earlier is None:
            return
        try:
            exchanges = trim([*self._earlier, exchange], turns=self._turns, tokens=self._tokens)
            self._memory.save(self.id, exchanges)
        except BaseException as exc:
            self.error = exc

    def _wait_until_loaded(self) -> None:
        if not self._loaded.wait(max(0.0, self._load_by - self._clock())):
            self.error = TimeoutError()
