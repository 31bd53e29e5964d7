"""What the services saw of one turn, by the monotonic clock that all processes share."""

from __future__ import annotations

from typing import Any, NamedTuple


class Moment(NamedTuple):
    """When some text passed, and how long it was."""

    at: float
    """Seconds on the machine's monotonic clock."""
    characters: int


class Record(NamedTuple):
    """The requests that reached the model, the deltas it wrote, the frames at the gateway."""

    requests: list[Moment]
    deltas: list[Moment]
    frames: list[Moment]

    @classmethod
    def empty(cls) -> Record:
        """Return a record to be filled."""
        return cls([], [], [])

    @classmethod
    def from_json(cls, value: dict[str, list[Any]]) -> Record:
        """Read what :meth:`to_json` wrote."""
        return cls(**{name: [Moment(*moment) for moment in value[name]] for name in cls._fields})

    def to_json(self) -> dict[str, list[Moment]]:
        """Return the record as what JSON can hold."""
        return self._asdict()
