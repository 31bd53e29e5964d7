"""How a turn ended for its user. Pure."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How a turn ended for its user."""

    COMPLETED = "completed"
    CUT = "cut"
    """At the deadline, with what there was."""
    CANCELLED = "cancelled"
    """By a request from outside, with what there was."""
    INTERRUPTED = "interrupted"
    """Something failed after the first text."""
    FAILED = "failed"
    """There is no text at all."""
    EMPTY = "empty"
    """The handler or the model finished and wrote nothing."""
