"""Text that can be encoded: repairs what models and clients cut in the middle of a character."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Far more than anybody means. Python's own limit is some hundred levels of code that recurses.
MAX_LEVELS = 50


def is_blank(text: str) -> bool:
    """Return whether a text has no character that shows."""
    return not any(each.isprintable() and not each.isspace() for each in text)


def repair_surrogates(text: str) -> str:
    """Return a text that UTF-8 and JSON can hold.

    The two halves of a surrogate pair become the character that they stand for; a half that is
    alone becomes U+FFFD.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def repair_surrogates_in(value: Any, levels: int = MAX_LEVELS) -> Any:
    """Return a JSON value with the surrogates of all its texts repaired, keys included.

    Args:
        value: what JSON can hold; anything else in it stays as it is.
        levels: how deeply it may be nested.

    Raises:
        ValueError: it is nested more deeply.
    """
    if isinstance(value, str):
        return repair_surrogates(value)
    if not isinstance(value, Mapping | list | tuple):
        return value
    if levels == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, Mapping):
        return {
            repair_surrogates_in(key): repair_surrogates_in(each, levels - 1)
            for key, each in value.items()
        }
    return [repair_surrogates_in(each, levels - 1) for each in value]


class SurrogateJoiner:
    """Repairs a text that comes in pieces: a half at the end of one waits for the next."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, piece: str) -> str:
        """Take the next piece; return what is clear by now."""
        if not self._half and piece.isascii():
            return piece
        piece = self._half + piece
        self._half = piece[-1:] if "\ud800" <= piece[-1:] <= "\udbff" else ""
        return repair_surrogates(piece[: len(piece) - len(self._half)])

    def finish(self) -> str:
        """Return the rest, now that no more will come."""
        rest, self._half = self._half, ""
        return repair_surrogates(rest)
