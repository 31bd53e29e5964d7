"""Texts as they are compared: without case, punctuation and differences of spacing. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

# At the end of a word; before one, only where a language has such a mark.
PUNCTUATION = re.compile(r"[.,;:!?…¿¡。、！？；：،؛؟।]+(?=\s|$)|(?<!\S)[¿¡]+")


class FoldedText(NamedTuple):
    """A text without case and punctuation.

    Attributes:
        folded: the text as it is compared.
        positions: where each of its characters is in the original.
        original: the text as it was written.
    """

    folded: str
    positions: list[int]
    original: str

    def original_part(self, start: int, end: int) -> str:
        """Return the original of a part of the folded text."""
        return self.original[self.positions[start] : self.positions[end - 1] + 1].strip()


def fold(text: str) -> FoldedText:
    """Return a text as it is compared."""
    # What looks the same is the same, however a keyboard composes its accents.
    original = unicodedata.normalize("NFC", text)
    without_marks = PUNCTUATION.sub(lambda marks: " " * len(marks[0]), original)
    folded: list[str] = []
    positions: list[int] = []
    for position, character in enumerate(without_marks):
        # One character may become two: ß is compared as ss.
        for each in " " if character.isspace() else character.casefold():
            if each != " " or (folded and folded[-1] != " "):
                folded.append(each)
                positions.append(position)
    return FoldedText("".join(folded).rstrip(), positions, original)
