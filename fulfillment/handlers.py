"""What a bot's function may be and give, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from fulfillment.errors import AnswerError
from fulfillment.text import repair_surrogates

if TYPE_CHECKING:
    from fulfillment.turn import Turn

whole = repair_surrogates

Chunks: TypeAlias = Generator[str, None, None]
Answered: TypeAlias = str | Iterable[str] | None
Answerer: TypeAlias = "Callable[[Turn], Answered]"
"""A function that answers: it returns text, or yields it in chunks."""

Next: TypeAlias = "Callable[[Turn], Chunks]"
Middleware: TypeAlias = "Callable[[Turn, Next], Answered]"
"""A function around the one that answers: it is given the turn and what comes next."""


def chunks_of(answered: object) -> Chunks:
    """Yield what a function answered, chunk by chunk.

    Raises:
        AnswerError: it is neither text nor an iterable of text.
    """
    if answered is None:
        return
    chunks = [answered] if isinstance(answered, str) else answered
    if not isinstance(chunks, Iterable) or isinstance(chunks, Mapping):
        raise AnswerError(f"an answer is text or yields text, not {type(chunks).__name__}")
    try:
        for chunk in chunks:
            if not isinstance(chunk, str):
                raise AnswerError(f"an answer yields text, not {type(chunk).__name__}")
            yield chunk
    finally:
        # A generator that is left early must let go of what it holds, the model's stream first.
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


def through(middleware: Middleware, answer: Next) -> Next:
    """Return an answer that goes through a middleware."""
    return lambda turn: chunks_of(middleware(turn, answer))
