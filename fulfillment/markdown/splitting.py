"""Cuts Markdown into parts that can be rendered one by one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fulfillment.markdown import fences

# Where a text may be cut, the best first: between paragraphs, lines, sentences, words.
CUTS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"""[.!?…]["')\]*_”’»]*\s|[。！？]"""),
    re.compile(r"\s"),
)
# A message is filled at least this far before a lesser kind of cut is taken.
LEAST_FILLED = 0.5

# What opens a block is repeated in the next part, so it has to be short.
FENCE = fences.opening(longest=20)
MAX_INFO_CHARACTERS = 40
# Room for the line that closes a block.
CLOSING_CHARACTERS = 10

# Not the dot of a numbered list.
SENTENCE_END = re.compile(r"""(?<!\d)[.!?…]["'”’)\]*_`]*(?=\s|\Z)|[。！？]["'”’」』）]*|\n""")


def split(markdown: str, characters: int) -> Iterator[str]:
    """Cut Markdown into parts, each at the best place near its end.

    A code block that is cut is closed in one part and opened again in the next. What is not a
    code block is kept whole but for white space at the cuts.

    Args:
        markdown: the text.
        characters: the most of each part.
    """
    rest = markdown.strip("\n")
    while len(rest) > characters:
        cut = _best_cut(rest, max(1, characters - CLOSING_CHARACTERS))
        part, rest = rest[:cut], rest[cut:].lstrip("\n")
        if fence := open_fence(part):
            part, rest = closed(part), f"{fence}\n{rest}"
        if part.strip():
            yield part.rstrip()
    if rest.strip():
        yield rest


def cut_at_sentence(text: str) -> str:
    """Return the text up to its last sentence or line end, or all of it if that is far back."""
    ends = [match.end() for match in SENTENCE_END.finditer(text)]
    if ends and ends[-1] >= len(text) // 2:
        return text[: ends[-1]].rstrip()
    return text


def closed(markdown: str) -> str:
    """Return Markdown with a code block that is still open at its end closed."""
    fence = open_fence(markdown)
    if fence is None:
        return markdown
    return f"{markdown.rstrip(chr(10))}\n{_mark(fence)}"


def open_fence(markdown: str) -> str | None:
    """Return the line that opens the code block in which a text ends, or ``None``."""
    opening: str | None = None
    for line in markdown.split("\n"):
        if opening is not None:
            opening = None if fences.closes(line, _mark(opening)) else opening
        elif fence := FENCE.fullmatch(line):
            opening = fence["mark"] + fence["info"].rstrip()[:MAX_INFO_CHARACTERS]
    return opening


def _mark(opening: str) -> str:
    return opening[: len(opening) - len(opening.lstrip(opening[0]))]


def _best_cut(text: str, limit: int) -> int:
    for cuts in CUTS:
        ends = [match.end() for match in cuts.finditer(text, 0, limit)]
        if ends and ends[-1] >= limit * LEAST_FILLED:
            return ends[-1]
    return limit
