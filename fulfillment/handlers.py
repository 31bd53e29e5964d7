"""What a handler may be and return, how its result becomes chunks, and what may wrap it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from fulfillment.errors import HandlerError
from fulfillment.streaming.stream import Chunks
from fulfillment.turn import Turn

Result: TypeAlias = str | Iterable[str] | None
Handler: TypeAlias = Callable[[Turn], Result]
"""A function that answers a turn: it returns text, or yields it in chunks."""

NextHandler: TypeAlias = Callable[[Turn], Chunks]
Middleware: TypeAlias = Callable[[Turn, NextHandler], Result]
"""A function around a handler: it is given the turn and what comes next."""


def chunks_of(result: object) -> Chunks:
    """Yield what a handler returned, chunk by chunk.

    Raises:
        HandlerError: it is neither text nor an iterable of text.
    """
    if result is None:
        return
    chunks = [result] if isinstance(result, str) else result
    if not isinstance(chunks, Iterable) or isinstance(chunks, Mapping):
        raise HandlerError(f"a handler returns or yields text, not {type(chunks).__name__}")
    try:
        for chunk in chunks:
            if not isinstance(chunk, str):
                raise HandlerError(f"a handler yields text, not {type(chunk).__name__}")
            yield chunk
    finally:
        # A generator that is left early must let go of what it holds, the model's stream first.
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


def wrapped(handler: NextHandler, middleware: Middleware) -> NextHandler:
    """Return a handler with a middleware around it."""
    return lambda turn: chunks_of(middleware(turn, handler))
