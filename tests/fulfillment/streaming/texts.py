"""Texts in which a careless cut tears a character."""

from __future__ import annotations

from collections.abc import Iterable

import regex
from hypothesis import strategies as st

FAMILY = "👩‍👩‍👧‍👦"
PIECES = [
    *("a", " ", "é", "e\u0301", FAMILY, "🇨🇭", "👍🏽", "한", "ᄒ", "ᅡ", "가", "क्ष", "ก็"),
    *("\r\n", "\u200d"),
]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join))


def ends_between_characters(parts: Iterable[str]) -> bool:
    """Whether each part of a text ends where one of its characters does."""
    parts = list(parts)
    ends = {match.end() for match in regex.finditer(r"\X", "".join(parts))} | {0}
    position = 0
    for part in parts:
        position += len(part)
        if position not in ends:
            return False
    return True
