"""The text of a turn as it grows: one thread writes it, others wait for it and read it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing

from fulfillment.handlers import Chunks, whole

# Far more than a reply can hold; what never ends must not fill the memory.
MAX_CHARACTERS = 100_000


class Transcript:
    """What has been written so far, and whether there will be more.

    Takes the clock, in seconds, that all waiting is measured by.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # Two, so that a chunk wakes nobody who waits for the end.
        self._written = threading.Condition(self._lock)
        self._ended = threading.Condition(self._lock)
        self._chunks: list[str] = []
        self._length = 0
        self.first_chunk_at: float | None = None
        self.finished = False
        self.closed = False
        self.error: BaseException | None = None

    @property
    def length(self) -> int:
        """How many characters there are."""
        return self._length

    @property
    def is_growing(self) -> bool:
        """Whether more text may come that anybody still wants."""
        return not self.finished and not self.closed

    def text(self) -> str:
        """All that was written so far."""
        with self._lock:
            self._chunks = ["".join(self._chunks)]
            return self._chunks[0]

    def write(self, chunk: str) -> bool:
        """Add a chunk; return whether more is wanted."""
        with self._lock:
            if self.closed or self._length > MAX_CHARACTERS:
                return False
            if chunk := whole(chunk):
                if self.first_chunk_at is None:
                    self.first_chunk_at = self._clock()
                self._chunks.append(chunk)
                self._length += len(chunk)
                self._written.notify_all()
            return True

    def finish(self, error: BaseException | None = None) -> None:
        """Say that all is written, or why there is no more; too late once it is closed."""
        with self._lock:
            if not self.closed:
                self.error = error
                self.finished = True
                self._end()

    def close(self) -> None:
        """Say that nobody wants more: writes are refused and all waiting ends."""
        with self._lock:
            self.closed = True
            self._end()

    def wait_for_text(self, beyond: int) -> None:
        """Wait until there are more than ``beyond`` characters, or no more will come."""
        with self._lock:
            self._written.wait_for(lambda: self._length > beyond or not self.is_growing)

    def wait_for_end(self, until: float) -> None:
        """Wait until no more text will come, at most until the clock reads ``until``."""
        with self._lock:
            self._ended.wait_for(lambda: not self.is_growing, max(0.0, until - self._clock()))

    def _end(self) -> None:
        self._written.notify_all()
        self._ended.notify_all()


def record(answer: Callable[[], Chunks], transcript: Transcript) -> None:
    """Write all the chunks of an answer; never raises."""
    try:
        with closing(answer()) as chunks:
            for chunk in chunks:
                if not transcript.write(chunk):
                    break
    # Whatever a builder's function raises, SystemExit included, ends this turn and no other.
    except BaseException as exc:
        transcript.finish(exc)
    else:
        transcript.finish()
