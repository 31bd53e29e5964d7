"""The port of a bot's memory: where the earlier turns of a conversation are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Exchange(NamedTuple):
    """An earlier turn: the utterance, the reply, and whether that reply was cut short."""

    utterance: str
    reply: str
    cut: bool = False


class Memory(Protocol):
    """Where conversations are kept.

    Both methods may raise anything: the turn then goes on without memory. They are called from
    threads of their own.
    """

    def load(self, conversation_id: str) -> Sequence[Exchange]:
        """Return a conversation, oldest exchange first; an unknown id has none."""
        ...

    def save(self, conversation_id: str, exchanges: Sequence[Exchange]) -> None:
        """Replace a conversation by these exchanges."""
        ...
