"""How much one principal may ask for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple


class Limits(NamedTuple):
    """What one principal may do.

    Attributes:
        asks_per_minute: questions; as many may come at once.
        runs: replies that are written at the same time.
        sockets: sockets that are open at the same time, each tab of a browser having one.
    """

    asks_per_minute: int = 60
    runs: int = 10
    sockets: int = 50


class Bucket:
    """Tokens that are taken at once and come back over a minute.

    Args:
        per_minute: how many come back in a minute, and how many there are at most.
        now: the clock's reading, in seconds.
    """

    def __init__(self, per_minute: int, now: float) -> None:
        self._per_minute = per_minute
        self._tokens = float(per_minute)
        self._counted_at = now

    def take(self, now: float) -> float:
        """Take a token; return 0, or after how many seconds there will be one."""
        self._refill(now)
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) * 60 / self._per_minute

    def is_full(self, now: float) -> bool:
        """Whether it is as a new bucket would be."""
        self._refill(now)
        return self._tokens >= self._per_minute

    def _refill(self, now: float) -> None:
        passed, self._counted_at = now - self._counted_at, now
        self._tokens = min(self._per_minute, self._tokens + passed * self._per_minute / 60)


class Asks:
    """The buckets of all principals.

    Args:
        per_minute: see :attr:`Limits.asks_per_minute`.
        clock: seconds, from any start.
    """

    # Buckets that are full are dropped whenever there are twice as many as after the last time.
    _LEAST_KEPT = 1_000

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}
        self._tidy_at = self._LEAST_KEPT

    def take(self, principal: str) -> float:
        """Count a question; return 0, or after how many seconds it may be asked."""
        now = self._clock()
        if len(self._buckets) >= self._tidy_at:
            self._tidy(now)
        bucket = self._buckets.get(principal)
        if bucket is None:
            bucket = self._buckets[principal] = Bucket(self._per_minute, now)
        return bucket.take(now)

    def _tidy(self, now: float) -> None:
        self._buckets = {
            name: bucket for name, bucket in self._buckets.items() if not bucket.is_full(now)
        }
        self._tidy_at = max(self._LEAST_KEPT, 2 * len(self._buckets))
