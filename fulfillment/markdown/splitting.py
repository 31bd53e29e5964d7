"""Cuts Markdown into parts that are rendered one by one. Pure.

A part ends where that is least bad: between blocks rather than between the items of a list or the
rows of a table, there rather than in code, in text only where nothing else is near, and in a link
or in emphasis at last. A heading stays with what is below it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from fulfillment.markdown import blocks
from fulfillment.markdown.blocks import Block, Kind, Line
from fulfillment.markdown.breaks import BreakKind, breaks_in
from fulfillment.markdown.parts import Cut, Part
from fulfillment.markdown.penalties import ANYWHERE, HARDLY_FILLED, IN_PARAGRAPH, penalty_before

# Every part but the last is filled at least this far, or a worse cut is taken.
LEAST_FILLED = 0.5
# By that it is clear whether a line begins with the mark of another block.
MAX_MARK = 100

# Not the dot of a numbered list.
_SENTENCE_END = re.compile(r"""(?<!\d)[.!?…]["'”’)\]*_`]*(?=\s|\Z)|[。！？]["'”’」』）]*|\n""")


def split(markdown: str, characters: int) -> Iterator[str]:
    """Cut Markdown into parts that show the same, one after the other, as the whole.

    Args:
        markdown: the text.
        characters: the most of each part.
    """
    markdown = markdown.strip("\n")
    if len(markdown) <= characters:
        yield from filter(str.strip, [markdown])
        return
    lines = blocks.read(markdown)
    cut: Cut | None = Cut(0)
    while cut:
        part = Part(lines, cut, characters)
        cut = _End(part).find()
        if text := part.text(cut):
            yield text


def cut_at_sentence(text: str) -> str:
    """Return the text up to its last sentence or line end, or all of it if that is far back."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    if ends and ends[-1] >= len(text) // 2:
        return text[: ends[-1]].rstrip()
    return text


def closed(markdown: str) -> str:
    """Return Markdown with a code block that is still open at its end closed."""
    lines = blocks.read(markdown)
    if not blocks.is_open_fence(lines[-1].block):
        return markdown
    end = Cut(len(lines) - 1, len(lines[-1].text))
    return markdown.rstrip("\n") + Part(lines, Cut(0), 0).closing(end)


def rest(markdown: str, offset: int) -> str:
    """Return what is behind a place of Markdown, as a document that goes on as what it was.

    The row of a table in which the place is, is repeated.
    """
    lines = blocks.read(markdown)
    index = markdown.count("\n", 0, offset)
    behind = markdown[offset:].partition("\n")[0]
    column = max(0, len(lines[index].text) - len(behind))
    if not behind.strip():
        index, column = index + 1, 0
    while index < len(lines) and _shows_nothing(lines[index]):
        index += 1
    if index == len(lines):
        return ""
    block = lines[index].block
    if block and block.kind is Kind.TABLE:
        index, column = _first_of_row(block, index), 0
    return Part(lines, Cut(index, column), 2 * len(markdown)).text(None)


def _shows_nothing(line: Line) -> bool:
    """Return whether a line is empty, or but the end of a code block."""
    block = line.block
    if block is None or block.kind is not Kind.FENCE:
        return not line.text.strip()
    return line is block.lines[-1] and not blocks.is_open_fence(block)


def _first_of_row(table: Block, index: int) -> int:
    # Its head is two lines.
    return table.lines[0].index if index < table.lines[0].index + 2 else index


class _End:
    """Looks for the best place to end a part."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._lengths: list[int] = []
        """Of each line of the part, how many characters are before it."""
        self._best = (ANYWHERE, 0, Cut(0))

    def find(self) -> Cut | None:
        """Return the place, or ``None`` if all the rest of the document fits into the part."""
        part = self._part
        length = sum(len(line) + 1 for line in part.opening)
        for index in range(part.start.line, len(part.lines)):
            if index > part.start.line:
                self._consider(penalty_before(part.lines, index), length - 1, Cut(index))
            self._lengths.append(length)
            length += len(part.line(index)) + 1
            if length - 1 > part.characters:
                break
        else:
            return None
        if self._best[0] > IN_PARAGRAPH[BreakKind.LINE]:
            self._look_into_paragraphs()
        penalty, _, cut = self._best
        return cut if penalty < ANYWHERE else self._anywhere()

    def _consider(self, penalty: int | None, length: int, cut: Cut) -> None:
        part = self._part
        if penalty is None or length + len(part.closing(cut)) > part.characters:
            return
        if length < LEAST_FILLED * part.characters:
            penalty += HARDLY_FILLED
        self._best = min(self._best, (penalty, -length, cut))

    def _look_into_paragraphs(self) -> None:
        first = self._part.start.line
        lines = self._part.lines[first : first + len(self._lengths)]
        for block in dict.fromkeys(line.block for line in lines):
            if block and block.kind is Kind.TEXT:
                self._look_into(block)

    def _look_into(self, block: Block) -> None:
        part, start = self._part, self._part.start
        text = "".join(start.marks) if start.line > block.lines[0].index or start.column else ""
        # Of each line: its offset in the text, the column there, the part's length up to it.
        places: list[tuple[int, Line, int, int]] = []
        for index, before in enumerate(self._lengths, start.line):
            line = part.lines[index]
            if line.block is block:
                first = start.column if index == start.line else 0
                rest = line.text[first:]
                lead = len(part.line(index)) - len(rest)
                places.append((len(text), line, first, before + lead))
                text += rest[: 2 * part.characters] + "\n"
        offsets = [place[0] for place in places]
        for found in breaks_in(text.rstrip()):
            offset, line, first, before = places[bisect_right(offsets, found.offset) - 1]
            column, length = first + found.offset - offset, before + found.offset - offset
            if length > part.characters:
                break
            if blocks.is_text(line.text[column : column + MAX_MARK]):
                cut = Cut(line.index, column, found.marks)
                self._consider(IN_PARAGRAPH[found.kind], length, cut)

    def _anywhere(self) -> Cut:
        """Return a place in the middle of a word, or of what is no paragraph."""
        part = self._part
        line = part.lines[part.start.line + len(self._lengths) - 1]
        first = part.start.column if line.index == part.start.line else 0
        repeated = len(part.line(line.index)) - len(line.text[first:])
        closing = len(part.closing(Cut(line.index, first + 1)))
        room = part.characters - self._lengths[-1] - repeated - closing
        if room <= 0 and line.index > part.start.line:
            return Cut(line.index)
        text = line.text[first : first + max(1, room)]
        blank = text.rfind(" ") + 1
        return Cut(line.index, first + (blank if blank > len(text) // 2 else len(text)))
