"""How much of a conversation is kept."""

from __future__ import annotations

from collections.abc import Sequence

from fulfillment.memory.base import Exchange

# A token has about four letters of English, and hardly more than one character of Chinese, which
# has three bytes; no tokenizer would know every model.
BYTES_PER_TOKEN = 3


def trim(exchanges: Sequence[Exchange], *, turns: int, tokens: int) -> list[Exchange]:
    """Return the latest exchanges.

    The last one is kept whole, whatever its size: it may have to be continued.

    Args:
        exchanges: all of them, oldest first.
        turns: how many to keep at most.
        tokens: how many tokens these may have together.
    """
    latest: list[Exchange] = []
    for exchange in reversed(exchanges[-turns:]):
        tokens -= _tokens(exchange)
        if latest and tokens < 0:
            break
        latest.append(exchange)
    return latest[::-1]


def _tokens(exchange: Exchange) -> int:
    texts = (exchange.utterance, exchange.reply)
    # Half a character is one as well, until a prompt is made of it.
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) // BYTES_PER_TOKEN
