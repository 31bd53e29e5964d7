"""A model that writes at a steady pace and notes when it wrote what."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from fulfillment.models.base import Completion, Prompt, StopReason
from scripts.benchmark.records import Moment

WORDS = ["stream", "ing", " is", " a", " matter", " of", " when", ",", " not", " if", ".", " And"]


class Pace(NamedTuple):
    """How fast the model writes and the gateway takes a post."""

    tokens_per_second: float
    post_seconds: float
    first_token_seconds: float


class SteadyModel:
    """Writes as many tokens as the question says, which is a number and nothing else.

    Args:
        pace: how soon the first token comes, and how fast the others follow.
        deltas: where each token is noted.
    """

    def __init__(self, pace: Pace, deltas: list[Moment]) -> None:
        self._pace = pace
        self._deltas = deltas

    def ask(self, prompt: Prompt) -> SteadyAnswer:
        """Begin a reply: the first token is due from now on."""
        tokens = int(prompt.messages[-1].text)
        first = time.monotonic() + self._pace.first_token_seconds
        due = [first + index / self._pace.tokens_per_second for index in range(tokens)]
        return SteadyAnswer(due, self._deltas)


class SteadyAnswer:
    """One reply, of a token for each moment that one is due at."""

    def __init__(self, due: list[float], deltas: list[Moment]) -> None:
        self._due = due
        self._deltas = deltas
        self.completion: Completion | None = None

    def __iter__(self) -> Iterator[str]:
        for index, due in enumerate(self._due):
            time.sleep(max(0.0, due - time.monotonic()))
            token = WORDS[index % len(WORDS)]
            self._deltas.append(Moment(time.monotonic(), len(token)))
            yield token
        self.completion = Completion("steady", StopReason.END_TURN, 0, len(self._due))

    def close(self) -> None:
        """Nothing to stop: a reply is short."""
