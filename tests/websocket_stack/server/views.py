"""What clients make of the frames of a view."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import Ending
from websocket_stack.server.protocol import Close, Output, View
from websocket_stack.server.reader import Reader
from websocket_stack.server.run_log import RunLog

COMPLETED = Ending(Outcome.COMPLETED, usage={"input_tokens": 3, "output_tokens": 5})


def log_of(pieces: Sequence[str], ending: Ending | None = COMPLETED) -> RunLog:
    log = RunLog()
    for piece in pieces:
        log.add(piece)
    if ending:
        log.end(ending)
    return log


def read(pieces: Sequence[str], view: View, ending: Ending = COMPLETED) -> list[Output]:
    """Return all frames of a run that a client reads as it grows."""
    log = RunLog()
    reader = Reader(log, view)
    outputs = list(reader.take())
    for piece in pieces:
        log.add(piece)
        outputs += reader.take()
    log.end(ending)
    return [*outputs, *reader.take()]


def frames_of(outputs: Sequence[Output]) -> list[dict[str, Any]]:
    return [json.loads(output) for output in outputs if not isinstance(output, Close)]


def text_after_cuts(
    pieces: Sequence[str],
    view: Callable[[int | None], View],
    text_of: Callable[[dict[str, Any]], str],
    number_of: Callable[[dict[str, Any]], int | None],
    cuts: Sequence[int],
) -> str:
    """Return what a client has that loses its socket after so many frames, again and again.

    Args:
        pieces: the run's.
        view: returns the view of a client that has all frames up to a number.
        text_of: a frame's text.
        number_of: a frame's number.
        cuts: how many frames arrive before each cut.
    """
    text, last = "", None
    for cut in [*cuts, None]:
        for frame in frames_of(Reader(log_of(pieces), view(last)).take())[:cut]:
            text += text_of(frame)
            last = last if number_of(frame) is None else number_of(frame)
    return text
