"""Where a text may be cut without tearing what its reader sees as one character. Pure."""

from __future__ import annotations

import unicodedata


def pieces(text: str, most: int) -> list[str]:
    """Cut a text into pieces that each hold whole characters.

    Args:
        text: what to cut.
        most: how many code points a piece may have.

    Returns:
        The pieces, none of them empty; joined they are the text.
    """
    cut_off = []
    while len(text) > most:
        # A run of joining characters this long is no text; it is cut rather than kept whole.
        cut = last_boundary(text[: most + 1]) or most
        cut_off.append(text[:cut])
        text = text[cut:]
    return [*cut_off, text] if text else cut_off


def last_boundary(text: str) -> int:
    """Return the last place inside a text where one character ends and the next begins, or 0."""
    for index in range(len(text) - 1, 0, -1):
        if _is_boundary(text[index - 1], text[index]):
            return index
    return 0


def _characters(*ranges: tuple[int, int]) -> frozenset[str]:
    return frozenset(chr(code) for first, last in ranges for code in range(first, last + 1))


# Joiners, emoji modifiers and tags, half-width voiced marks, Thai and Lao AM.
_JOINS_PREVIOUS = _characters(
    (0x200C, 0x200D), (0x1F3FB, 0x1F3FF), (0xE0020, 0xE007F), (0xFF9E, 0xFF9F), (0xE33, 0xE33)
) | {"\u0eb3"}
# Letters that Unicode lets stand before another one as its part (GCB=Prepend), and two viramas
# that are spacing marks.
_JOINS_NEXT = frozenset(
    "\u0d4e\u1cf5\u1cf6\u1b44\ua9c0\U000111c2\U000111c3\U000113d1\U0001193f\U00011941\U00011a3a"
    "\U00011a84\U00011a85\U00011a86\U00011a87\U00011a88\U00011a89\U00011d46\U00011f02"
)


def _is_boundary(before: str, after: str) -> bool:
    """Whether a text may be cut between two code points.

    Stricter than Unicode's grapheme rules, which need tables that the standard library lacks:
    where these might join two code points it says no.
    https://unicode.org/reports/tr29/#Grapheme_Cluster_Boundary_Rules
    """
    if unicodedata.category(after) in ("Mn", "Mc", "Me"):
        return False
    if unicodedata.category(before) == "Cf" or (before, after) == ("\r", "\n"):
        return False
    if unicodedata.category(before) == "Mn" and unicodedata.category(after) == "Lo":
        return False  # a conjunct, as in Devanagari
    if after in _JOINS_PREVIOUS or before in _JOINS_NEXT:
        return False
    if _is_regional(before) and _is_regional(after):
        return False  # half a flag
    if _is_jamo(before):
        return not (_is_jamo(after) or _is_syllable(after))
    return not (_is_syllable(before) and _is_jamo(after))


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_jamo(character: str) -> bool:
    return (
        "\u1100" <= character <= "\u11ff"
        or "\ua960" <= character <= "\ua97c"
        or "\ud7b0" <= character <= "\ud7fb"
    )


def _is_syllable(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3"
