"""The text of a run, kept for all of its readers. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from fulfillment.streaming.framing import Ending

# What a protocol sends after the last piece has at most so many frames with numbers.
ENDING_PIECES = 5


class RunLog:
    """A reply as it grows, in pieces of one flush each, and how it ended.

    A reader is a position in it: however slow a reader is, it takes no memory, and one that comes
    back continues at the first piece that it lacks.

    Attributes:
        ending: how the run ended, or ``None`` while it goes on.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self.ending: Ending | None = None

    def __len__(self) -> int:
        return len(self._pieces)

    @property
    def last_position(self) -> int:
        """The furthest that a reader can have come; what ends a run counts as some pieces."""
        return len(self) + (0 if self.ending is None else ENDING_PIECES)

    def add(self, piece: str) -> None:
        """Add a piece, not empty."""
        self._pieces.append(piece)

    def end(self, ending: Ending) -> None:
        """Note how the run ended; nothing is added after that."""
        self.ending = ending

    def since(self, position: int) -> Sequence[str]:
        """Return the pieces from a position on."""
        return self._pieces[position:]

    @classmethod
    def ended(cls, ending: Ending) -> RunLog:
        """Return the log of a run that never began."""
        log = cls()
        log.end(ending)
        return log
