"""How a model's stream ended."""

from __future__ import annotations

from typing import Protocol

from fulfillment.models.base import Completion


class Stream(Protocol):
    """A stream, or its decoder."""

    @property
    def completion(self) -> Completion | None: ...


def completion_of(stream: Stream) -> Completion:
    """Check that a stream has ended; return how."""
    assert stream.completion is not None
    return stream.completion
