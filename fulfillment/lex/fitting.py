"""Fits a reply into the messages of a Lex response. Pure."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

from fulfillment.markdown.splitting import split

# Until python3.12 Lambda escaped every non-ASCII character of a response, to six bytes.
# https://github.com/aws/aws-lambda-python-runtime-interface-client
ESCAPES_NON_ASCII = sys.version_info < (3, 12)

# What a message costs in a response in addition to its content: braces, keys, the content type.
MESSAGE_BYTES = 64


class Limits(NamedTuple):
    """How much a reply may take of a response."""

    messages: int
    characters: int
    """Of each message as the model wrote it."""
    bytes: int
    """Of all messages as they are encoded in the response."""


def messages_of(
    markdown: str, limits: Limits, *, finish: Callable[[str], str], notice: str
) -> list[str]:
    """Cut a reply into messages.

    Args:
        markdown: the reply as the model wrote it.
        limits: what the messages have to fit into.
        finish: what is done to each message at last, such as neutralising HTML. It is given one
            message at a time, for that is what is rendered.
        notice: the last words where something had to be left out.
    """
    parts: list[str] = []
    messages: list[str] = []
    room = limits.bytes
    for part in split(markdown, limits.characters):
        parts.append(part)
        messages.append(finish(part))
        room -= _cost(messages[-1])
        if room < 0 or len(messages) > limits.messages:
            break
    else:
        return messages
    # One message is kept free for the notice and what still fits before it.
    room = limits.bytes - _cost(finish(notice))
    count = min(_fitting(messages, room), limits.messages - 1)
    room = limits.bytes - MESSAGE_BYTES - sum(map(_cost, messages[:count]))
    return [*messages[:count], _shortened(parts[count], room, finish, notice)]


def encoded_bytes(value: object) -> int:
    """Return how many bytes a value takes in a response."""
    return len(json.dumps(value, ensure_ascii=ESCAPES_NON_ASCII).encode())


def _cost(message: str) -> int:
    return encoded_bytes(message) + MESSAGE_BYTES


def _fitting(messages: Sequence[str], room: int) -> int:
    """Return how many messages fit into so many bytes."""
    totals = accumulate(map(_cost, messages))
    return sum(total <= room for total in totals)


def _shortened(part: str, room: int, finish: Callable[[str], str], notice: str) -> str:
    """Return as much of a part as fits into so many bytes before the notice, finished."""
    characters = min(len(part), max(0, room))
    while characters > 0:
        beginning = next(split(part, characters), "")
        finished = finish(f"{beginning}\n\n{notice}")
        if beginning and encoded_bytes(finished) <= room:
            return finished
        characters = min(len(beginning) - 1, characters * 3 // 4)
    return finish(notice)
