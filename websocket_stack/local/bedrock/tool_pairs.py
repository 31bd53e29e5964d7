"""Which tool calls of a conversation lack their results, and which results their calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from fulfillment.models.base import Message


class Unpaired(NamedTuple):
    """A message that does not hold the results of the one before it, and no others."""

    place: int
    missing: tuple[str, ...]
    surplus: tuple[str, ...]


def unpaired(messages: Sequence[Message]) -> Iterator[Unpaired]:
    """Yield the messages in which ids of calls and of results do not match.

    The first message is taken to follow one without calls, and the last to be followed by none.
    """
    followed = [Message("assistant"), *messages, Message("user")]
    for place, (before, message) in enumerate(pairwise(followed)):
        called = [call.id for call in before.tool_calls]
        told = [result.call_id for result in message.tool_results]
        missing = tuple(id for id in called if id not in told)
        surplus = tuple(id for n, id in enumerate(told) if id not in called or id in told[:n])
        if missing or surplus:
            yield Unpaired(place, missing, surplus)
