"""Tool use as all forms of asking a model have it: calls with their results, streamed inputs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from fulfillment.models.base import Message, ToolCall

# An input that the model did not write as a JSON object is cut off, as far as a client can see.
BROKEN_INPUT = "{"
# About what a model writes at once of a tool's input.
FRAGMENT = re.compile(r".{1,16}", re.DOTALL)


class Mismatch(NamedTuple):
    """A message whose tool results are not those of the calls in the message before it.

    Attributes:
        position: the message's place in the conversation, from 0.
        missing: the ids of calls without a result.
        surplus: the ids of results without a call.
    """

    position: int
    missing: tuple[str, ...]
    surplus: tuple[str, ...]


def mismatches(messages: Sequence[Message]) -> Iterator[Mismatch]:
    """Yield the mismatches of a conversation.

    It is taken to follow a message without calls, and to be followed by one without results.
    """
    surrounded = [Message("assistant"), *messages, Message("user")]
    for position, (before, message) in enumerate(pairwise(surrounded)):
        calls = [call.id for call in before.tool_calls]
        results = [result.call_id for result in message.tool_results]
        missing = tuple(id for id in calls if id not in results)
        surplus = tuple(id for n, id in enumerate(results) if id not in calls or id in results[:n])
        if missing or surplus:
            yield Mismatch(position, missing, surplus)


def input_fragments(call: ToolCall) -> Iterable[str]:
    """Return a tool's input as it is streamed; Claude begins with an empty fragment."""
    if call.arguments is None:
        return ("", BROKEN_INPUT)
    return ("", *FRAGMENT.findall(json.dumps(dict(call.arguments), ensure_ascii=False)))
