"""Many people in conversation with one bot: what is assumed of them."""

from __future__ import annotations

from typing import NamedTuple

from scripts.benchmark.model import Pace


class Crowd(NamedTuple):
    """People who each ask a question in every interval, evenly spread over it.

    Attributes:
        people: how many are in conversation.
        pace: how fast the model writes, and what a post takes.
        question_seconds: from one question of a person to the next.
        tokens: length of a reply, which is written within ``TURN_SECONDS``.
        flush_interval_seconds: the Lambda's ``FLUSH_INTERVAL_SECONDS``.
    """

    people: int
    pace: Pace
    question_seconds: float = 60.0
    tokens: int = 350
    flush_interval_seconds: float = 0.2

    @property
    def questions_per_second(self) -> float:
        """What all of them ask."""
        return self.people / self.question_seconds
