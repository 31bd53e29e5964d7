"""The port of what answers: a question in, chunks of text out, on the event loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import NamedTuple, Protocol

from fulfillment.memory.base import Exchange
from fulfillment.models.base import Completion


class Question(NamedTuple):
    """A question and what it belongs to.

    Attributes:
        utterance: what the user wrote.
        earlier: the turns before it, oldest first.
        session: the name of the conversation, which cannot be guessed.
        seconds: how long the reply may take from now on.
    """

    utterance: str
    earlier: Sequence[Exchange]
    session: str
    seconds: float


class Answer(Protocol):
    """One reply being written."""

    @property
    def completions(self) -> Sequence[Completion]:
        """How the model calls ended, as far as they have."""
        ...

    @property
    def last_text(self) -> str:
        """What the last model call wrote."""
        ...

    def chunks(self) -> AsyncGenerator[str, None]:
        """Yield the text as it is written, once; closing the generator stops what writes it.

        Raises:
            ModelError: the model did not answer, or not to the end.
        """
        ...


class Source(Protocol):
    """Answers questions."""

    def answer(self, question: Question) -> Answer:
        """Prepare an answer; does not block."""
        ...
