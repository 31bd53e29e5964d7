"""When a turn must end. Pure: time is an argument."""

from __future__ import annotations

from typing import NamedTuple

# Kept free at the end of a turn to let a post in flight return and to build the response.
WRAP_UP_SECONDS = 0.5
# Of that, to build the response.
RESPONSE_SECONDS = 0.1
# Kept free before the Lambda's own timeout, which would lose the reply.
TIMEOUT_MARGIN_SECONDS = 1.0


class Deadline(NamedTuple):
    """Clock readings in seconds.

    Attributes:
        cut_at: when to stop waiting for text.
        settle_by: when to stop waiting for a post in flight.
    """

    cut_at: float
    settle_by: float

    @classmethod
    def of_turn(
        cls, started: float, turn_seconds: float, remaining_seconds: float | None = None
    ) -> Deadline:
        """Return the deadline of a turn.

        Args:
            started: the clock's reading at the start of the turn.
            turn_seconds: the longest that the turn may take.
            remaining_seconds: what the Lambda had left at the start; ``None`` if unlimited.
        """
        seconds = turn_seconds
        if remaining_seconds is not None:
            seconds = min(seconds, max(0.0, remaining_seconds - TIMEOUT_MARGIN_SECONDS))
        return cls(
            cut_at=started + max(0.0, seconds - WRAP_UP_SECONDS),
            settle_by=started + max(0.0, seconds - RESPONSE_SECONDS),
        )
