"""What a bot remembers of a conversation: earlier turns, and where they are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from fulfillment.models.base import Message

# A token has about four letters of English, and hardly more than one character of Chinese, which
# has three bytes; no tokenizer would know every model.
BYTES_PER_TOKEN = 3


class Exchange(NamedTuple):
    """An earlier turn: what was said, what was replied, and whether that reply was cut short."""

    utterance: str
    reply: str
    cut: bool = False


class Memory(NamedTuple):
    """Where conversations are kept: two functions.

    ``load`` takes a conversation's id and returns its exchanges, the oldest first, none for an id
    that it does not know. ``save`` takes the id and all exchanges to keep from now on. Either may
    raise: the turn then goes on without memory.
    """

    load: Callable[[str], Sequence[Exchange]]
    save: Callable[[str, Sequence[Exchange]], None]


def trimmed(exchanges: Sequence[Exchange], *, turns: int, tokens: int) -> list[Exchange]:
    """Return the latest exchanges, so many at most, of so many tokens together.

    The last one is kept whole, whatever its size: it may have to be continued.
    """
    kept: list[Exchange] = []
    for exchange in reversed(exchanges[-turns:]):
        tokens -= _tokens(exchange)
        if kept and tokens < 0:
            break
        kept.append(exchange)
    return kept[::-1]


def messages_of(exchanges: Sequence[Exchange]) -> tuple[Message, ...]:
    """Return exchanges as a model is given them."""
    return tuple(_messages(exchanges))


def _messages(exchanges: Sequence[Exchange]) -> Iterator[Message]:
    for exchange in exchanges:
        yield Message("user", exchange.utterance)
        yield Message("assistant", exchange.reply)


def _tokens(exchange: Exchange) -> int:
    return (len(exchange.utterance.encode()) + len(exchange.reply.encode())) // BYTES_PER_TOKEN
