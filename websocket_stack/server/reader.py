"""One client's reading of one run. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from websocket_stack.server.protocol import Output, View
from websocket_stack.server.run_log import RunLog


class Reader:
    """The part of a log that a client has not been sent yet.

    Pieces that gather while the client's socket is busy leave together, as far as its protocol
    allows.

    Args:
        log: what is read.
        view: how the client reads it.
        after: another reader of the same client, which comes first where it wants one at a time.

    Attributes:
        is_over: whether the client has been sent all, the ending included.
    """

    def __init__(self, log: RunLog, view: View, after: Reader | None = None) -> None:
        self.log = log
        self._view = view
        self._after = after
        self._position = view.position
        self._is_open = False
        self.is_over = False

    def take(self) -> Sequence[Output]:
        """Return what is to be sent now, and count it as sent."""
        if self.is_over or (self._after is not None and not self._after.is_over):
            return ()
        self._after = None
        outputs: list[Output] = []
        if not self._is_open:
            self._is_open = True
            outputs += self._view.opening()
        pieces = self.log.since(self._position)
        frames = self._view.text(pieces, self._position) if pieces else None
        if frames is not None:
            outputs += frames
            self._position += len(pieces)
            pieces = ()
        if self.log.ending is not None:
            outputs += self._view.ending(self.log.ending, pieces, len(self.log))
            self.is_over = True
        return outputs
