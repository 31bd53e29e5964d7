"""Test doubles of the ports: a channel, a session table, a memory, a clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fulfillment.errors import ConnectionGone
from fulfillment.memory import Exchange


class FakeClock:
    """Seconds that pass only when told to."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FakeChannel:
    """Keeps what was posted; fails as told, one outcome a post, and takes its time."""

    def __init__(
        self,
        outcomes: Iterable[Exception | None] = (),
        *,
        clock: FakeClock | None = None,
        seconds: float = 0.0,
        gone_after: int | None = None,
        on_post: Callable[[], object] = lambda: None,
    ) -> None:
        self._outcomes = iter(outcomes)
        self._clock = clock
        self._seconds = seconds
        self._gone_after = gone_after
        self._on_post = on_post
        self._closed_at: dict[str, float] = {}
        self.posts: list[tuple[str, str]] = []

    def close_at(self, address: str, seconds: float) -> None:
        """Let a connection close at a time of the clock."""
        self._closed_at[address] = seconds

    @property
    def frames(self) -> list[str]:
        return [frame for _, frame in self.posts]

    def post(self, address: str, payload: str) -> None:
        if self._clock:
            self._clock.advance(self._seconds)
        if self._gone_after is not None and len(self.posts) >= self._gone_after:
            raise ConnectionGone("410")
        if self._clock and self._clock.now >= self._closed_at.get(address, float("inf")):
            raise ConnectionGone("410")
        if outcome := next(self._outcomes, None):
            raise outcome
        self.posts.append((address, payload))
        self._on_post()


class FakeAddresses:
    """Knows the connections of sessions; an exception in place of one is raised."""

    def __init__(self, rows: dict[str, str | Exception] | None = None) -> None:
        self.rows = rows if rows is not None else {"session-1": "connection-1"}

    def find(self, session_id: str) -> str | None:
        row = self.rows.get(session_id)
        if isinstance(row, Exception):
            raise row
        return row


class FakeMemory:
    """A memory that keeps conversations by their id; fails, or calls something first, as told."""

    def __init__(
        self,
        kept: dict[str, Sequence[Exchange]] | None = None,
        *,
        on_load: Callable[[], object] = lambda: None,
        on_save: Callable[[], object] = lambda: None,
    ) -> None:
        self.kept = kept if kept is not None else {}
        self.saves = 0
        self._on_load = on_load
        self._on_save = on_save

    def load(self, conversation_id: str) -> Sequence[Exchange]:
        self._on_load()
        return self.kept.get(conversation_id, ())

    def save(self, conversation_id: str, exchanges: Sequence[Exchange]) -> None:
        self._on_save()
        self.saves += 1
        self.kept[conversation_id] = exchanges
