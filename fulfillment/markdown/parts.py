"""A part of a Markdown document as a document of its own. Pure.

What is cut goes on as what it was: a table has its head again, a code block is closed and opened
again, emphasis too, and a quote or an item of a list begins with its mark, or its number, again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fulfillment.markdown.blocks import Block, Item, Kind, Line, Quote, fence_of

# What is repeated has to be short: a longer info string is cut, and a longer head of a table, as a
# share of a part, is not repeated.
MAX_INFO_CHARACTERS = 40
MAX_HEAD = 0.5
# Wider is code (CommonMark 5.2).
MAX_GAP = 4


class Cut(NamedTuple):
    """Where a document is cut."""

    line: int
    column: int = 0
    """Where in the text of the line; 0 if it is before the line."""
    marks: tuple[str, ...] = ()
    """Of the emphasis that is closed before the cut and opened again behind it."""


class Part:
    """Part of a document.

    Args:
        lines: those of the whole document.
        start: where the part begins.
        characters: how long it may be.
    """

    def __init__(self, lines: list[Line], start: Cut, characters: int) -> None:
        self.lines = lines
        self.start = start
        self.characters = characters
        self.opening = list(self._opening())
        """The lines that are repeated."""

    def text(self, end: Cut | None) -> str:
        """Return the part's Markdown.

        Args:
            end: where it ends, or ``None`` if it is all of the rest.
        """
        last = end.line if end else len(self.lines)
        lines = [*self.opening, *(self.line(index) for index in range(self.start.line, last))]
        if end and self.lines[end.line].text[: end.column].strip():
            lines.append(self.line(end.line, end.column))
        text = "\n".join(lines).rstrip()
        return text + self.closing(end) if end else text

    def line(self, index: int, column: int | None = None) -> str:
        """Return a line as it stands in the part, up to a column of its text."""
        line = self.lines[index]
        if index > self.start.line:
            rendered = "".join(line.leads) + line.text[:column]
            return rendered if line.text.strip() else rendered.rstrip()
        text = line.text[self.start.column : column]
        if self.opening:
            return "".join(line.leads) + text
        if line.block and line.block.kind is not Kind.INDENTED_CODE:
            # Behind the mark of a list item it would change where the item's content begins.
            text = text.lstrip()
        return _first_leads(line) + "".join(self.start.marks) + text

    def closing(self, end: Cut) -> str:
        """Return what closes at a cut what is open there."""
        block = torn_block(self.lines, end, Kind.FENCE)
        if block and (fence := fence_of(block)):
            return f"\n{_leads(block)}{fence.mark}"
        return "".join(reversed(end.marks))

    def _opening(self) -> Iterator[str]:
        if block := torn_block(self.lines, self.start, Kind.FENCE):
            if fence := fence_of(block):
                info = fence.info[:MAX_INFO_CHARACTERS]
                yield _first_leads(block.lines[0]) + fence.mark + info
        elif block := torn_block(self.lines, self.start, Kind.TABLE):
            head, delimiters = (line.text.strip() for line in block.lines[:2])
            if len(head) + len(delimiters) <= MAX_HEAD * self.characters:
                yield _first_leads(block.lines[0]) + head
                yield _leads(block) + delimiters


def torn_block(lines: list[Line], cut: Cut, kind: Kind) -> Block | None:
    """Return the block of a kind that a cut goes through, if any."""
    line = lines[cut.line]
    block = line.block
    if not block or block.kind is not kind:
        return None
    return block if cut.column or block.lines[0] is not line else None


def _first_leads(line: Line) -> str:
    """Return what stands before the first line of a part for each container."""
    return "".join(
        "> " if isinstance(container, Quote) else _mark(container) for container in line.containers
    )


def _mark(item: Item) -> str:
    """Return what an item begins with, as wide as its indentation, with no space before it."""
    mark = item.opening.strip()
    return mark + " " * min(MAX_GAP, len(item.indentation) - len(mark))


def _leads(block: Block) -> str:
    """Return what stands for each container before a line that is added to a block."""
    return "".join(
        "> " if isinstance(container, Quote) else container.indentation
        for container in block.lines[0].containers
    )
