"""The text of a turn as it grows, with one writer and several readers. Pure: knows no thread."""

from __future__ import annotations

from fulfillment.text import SurrogateJoiner

# Far more than a reply can hold; what never ends must not fill the memory.
MAX_CHARACTERS = 100_000


class TextBuffer:
    """What has been written so far, and how it ended.

    Attributes:
        length: how many characters there are.
        takes_more: whether another chunk is wanted.
        first_chunk_at: the clock's reading at the first text, or ``None``.
        finished: whether its writer came to the end, well or with an error.
        closed: whether no more text is wanted.
        cancelled: whether it was closed because a client asked for a stop.
        error: what the writer failed with.
    """

    def __init__(self) -> None:
        self._chunks: list[str] = []
        self._joiner = SurrogateJoiner()
        self.length = 0
        # No property: it is asked for each chunk, of which there are many.
        self.takes_more = True
        self.first_chunk_at: float | None = None
        self.finished = self.closed = self.cancelled = False
        self.error: BaseException | None = None

    @property
    def is_growing(self) -> bool:
        """Whether more text may come that is still wanted."""
        return not self.finished and not self.closed

    @property
    def finished_well(self) -> bool:
        """Whether the writer came to its end, and without an error."""
        return self.finished and self.error is None

    def text(self) -> str:
        """Return all that was written so far."""
        self._chunks = ["".join(self._chunks)]
        return self._chunks[0]

    def write(self, chunk: str, now: float) -> str:
        """Add a chunk.

        Returns:
            What it added to the text: half a character waits for its other half.
        """
        return self._add(self._joiner.feed(chunk), now) if self.takes_more else ""

    def finish(self, now: float, error: BaseException | None = None) -> str:
        """Note that the text is complete, or why it broke off; ignored once it is closed.

        Returns:
            What that adds to the text.
        """
        if not self.is_growing:
            return ""
        rest = self._add(self._joiner.finish(), now)
        self.finished, self.error, self.takes_more = True, error, False
        return rest

    def close(self, *, cancelled: bool = False) -> None:
        """Accept no more text."""
        if self.is_growing:
            self.cancelled = cancelled
        self.closed, self.takes_more = True, False

    def _add(self, text: str, now: float) -> str:
        if text:
            if self.first_chunk_at is None:
                self.first_chunk_at = now
            self._chunks.append(text)
            self.length += len(text)
            self.takes_more = self.takes_more and self.length <= MAX_CHARACTERS
        return text
