"""The blocks of a Markdown document, line by line (CommonMark 4 and 5, GFM 4.10). Pure.

As far as cutting a document needs it: raw HTML and link definitions are text here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from fulfillment.markdown import fences

# A longer mark is text, for it may have to be repeated in another message.
MAX_FENCE_MARK = 20
# What is deeper in lists and quotes is text, for their marks are repeated too.
MAX_DEPTH = 10

_QUOTE = re.compile(r" {0,3}> ?")
_ITEM = re.compile(r" {0,3}(?P<mark>[-+*]|(?P<number>\d{1,9})[.)])(?: {1,4}(?! )|[ \t]|(?=\r?\Z))")
_FENCE = fences.opening(lead=" {0,3}", longest=MAX_FENCE_MARK)
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t\r]|\Z)")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})\r?")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t\r]*")
_DELIMITERS = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*+\|?[ \t\r]*")
_BAR = re.compile(r"(?<!\\)\|")


class Kind(Enum):
    """What a block is."""

    TEXT = auto()
    HEADING = auto()
    FENCE = auto()
    INDENTED_CODE = auto()
    TABLE = auto()
    RULE = auto()


@dataclass(eq=False)
class Quote:
    """A block quote."""


@dataclass(eq=False)
class ItemList:
    """A list, whose items all have the same kind of mark."""

    mark: str
    next_number: int


@dataclass(eq=False)
class Item:
    """An item of a list."""

    list: ItemList
    first_line: int
    opening: str
    """What it begins with, such as ``-`` and a space, with the number that is shown."""
    width: int
    """The columns by which its content is indented in the document."""

    @property
    def indentation(self) -> str:
        """What stands before all but its first line."""
        return " " * len(self.opening)


Container = Quote | Item


@dataclass(eq=False)
class Block:
    """A block that contains no other block."""

    kind: Kind
    lines: list[Line] = field(default_factory=list)


@dataclass(eq=False)
class Line:
    """A line of a document, without its line break."""

    index: int
    text: str
    """Without what stands before it for the containers."""
    containers: tuple[Container, ...]
    leads: tuple[str, ...]
    """What stands before the text for each container, the outermost first. There are fewer leads
    than containers where a paragraph goes on without them."""
    block: Block | None
    """``None`` for an empty line between blocks."""


def read(markdown: str) -> list[Line]:
    """Return the lines of a document, each with the block that it belongs to."""
    reader = _Reader()
    for line in markdown.split("\n"):
        reader.read(line)
    return reader.lines


def is_text(line: str) -> bool:
    """Return whether a line can be the first of a paragraph."""
    is_container = _QUOTE.match(line) or _ITEM.match(line)
    return not is_container and not _UNDERLINE.fullmatch(line) and _kind(line) is Kind.TEXT


class Fence(NamedTuple):
    """What a fenced block begins with."""

    mark: str
    info: str


def fence_of(block: Block) -> Fence | None:
    """Return what a fenced block begins with, or ``None`` for another block."""
    match = _FENCE.match(block.lines[0].text) if block.kind is Kind.FENCE else None
    return Fence(match["mark"], match["info"].strip()) if match else None


def is_open_fence(block: Block | None) -> bool:
    """Return whether a block is a fenced one without its last line."""
    fence = fence_of(block) if block else None
    if not block or not fence:
        return False
    return len(block.lines) == 1 or not fences.closes(block.lines[-1].text, fence.mark)


class _Reader:
    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._containers: list[Container] = []
        self._block: Block | None = None
        """The one that the next line may belong to."""

    def read(self, line: str) -> None:
        leads, text = self._strip_containers(line)
        goes_on = len(leads) == len(self._containers)
        block = self._block
        if block and goes_on and block.kind is Kind.FENCE:
            self._add(block, leads, text)
            if not is_open_fence(block):
                self._block = None
        elif not text.strip():
            del self._containers[len(leads) :]
            self._block = None
            self._add(None, leads, text)
        elif block and goes_on and self._makes_more_of(block, text):
            self._add(self._block, leads, text)
            if block.kind is Kind.HEADING:
                self._block = None
        else:
            self._read_block(leads, text)

    def _strip_containers(self, line: str) -> tuple[list[str], str]:
        """Return what stands in a line for each container that goes on, and the rest."""
        leads: list[str] = []
        for container in self._containers:
            if isinstance(container, Quote):
                quote = _QUOTE.match(line)
                end = quote.end() if quote else None
            else:
                end = _after_columns(line, container.width)
            if end is None:
                break
            leads.append(line[:end] if isinstance(container, Quote) else container.indentation)
            line = line[end:]
        return leads, line

    def _makes_more_of(self, block: Block, text: str) -> bool:
        """Whether a line makes a heading or a table of the paragraph before it; make it one."""
        if block.kind is not Kind.TEXT:
            return False
        if _UNDERLINE.fullmatch(text):
            block.kind = Kind.HEADING
            return True
        head = block.lines[-1]
        if "|" not in head.text or not _DELIMITERS.fullmatch(text):
            return False
        if _count_cells(head.text) != _count_cells(text):
            return False
        # Only the paragraph's last line is the table's head.
        block.lines.pop()
        self._block = head.block = Block(Kind.TABLE, [head])
        return True

    def _read_block(self, leads: list[str], text: str) -> None:
        block = self._block
        goes_on = len(leads) == len(self._containers)
        in_paragraph = block is not None and block.kind is Kind.TEXT
        opened, opened_leads, text = self._open_containers(
            text, len(leads), in_paragraph=in_paragraph and goes_on
        )
        kind = _kind(text)
        if block and not opened and _goes_on_with(block, kind, is_lazy=not goes_on):
            self._add(block, leads, text)
            return
        self._containers[len(leads) :] = opened
        self._block = Block(kind)
        self._add(self._block, [*leads, *opened_leads], text)
        if kind in (Kind.HEADING, Kind.RULE):
            self._block = None

    def _open_containers(
        self, text: str, depth: int, *, in_paragraph: bool
    ) -> tuple[list[Container], list[str], str]:
        opened: list[Container] = []
        leads: list[str] = []
        while _after_columns(text, 4) is None and depth + len(opened) < MAX_DEPTH:
            container: Container
            if match := _QUOTE.match(text):
                container = Quote()
            elif (match := _ITEM.match(text)) and not _RULE.fullmatch(text):
                # Only a bullet or a 1, with text, can interrupt a paragraph (CommonMark 5.2).
                interrupts = match["number"] in (None, "1") and text[match.end() :].strip()
                if in_paragraph and not opened and not interrupts:
                    break
                before = self._containers[depth : depth + 1] if not opened else []
                container = self._item(match, text, before[0] if before else None)
            else:
                break
            opened.append(container)
            leads.append(container.opening if isinstance(container, Item) else match[0])
            text = text[match.end() :]
        return opened, leads, text

    def _item(self, match: re.Match[str], text: str, before: Container | None) -> Item:
        items = before.list if isinstance(before, Item) else None
        if items is None or items.mark != match["mark"][-1]:
            items = ItemList(match["mark"][-1], int(match["number"] or 1))
        is_empty = not text[match.end() :].strip()
        opening = f"{match[0].rstrip()} " if is_empty else match[0].expandtabs(4)
        width = len(opening)
        if match["number"]:
            # Whatever a list's other items are written with, they count on from the first.
            opening = opening.replace(match["number"], str(items.next_number), 1)
        items.next_number += 1
        return Item(items, len(self.lines), opening, width)

    def _add(self, block: Block | None, leads: list[str], text: str) -> None:
        line = Line(len(self.lines), text, tuple(self._containers), tuple(leads), block)
        self.lines.append(line)
        if block:
            block.lines.append(line)


def _kind(text: str) -> Kind:
    if _after_columns(text, 4) is not None and text.strip():
        return Kind.INDENTED_CODE
    if _FENCE.match(text):
        return Kind.FENCE
    if _HEADING.match(text):
        return Kind.HEADING
    return Kind.RULE if _RULE.fullmatch(text) else Kind.TEXT


def _goes_on_with(block: Block, kind: Kind, *, is_lazy: bool) -> bool:
    """Return whether a line that looks like a block of some kind belongs to the one before."""
    if block.kind is Kind.TEXT:
        return kind in (Kind.TEXT, Kind.INDENTED_CODE)
    if is_lazy:
        return False
    return kind is Kind.TEXT if block.kind is Kind.TABLE else kind is block.kind


def _after_columns(line: str, columns: int) -> int | None:
    """Return where so many columns of white space end; ``None`` if the line has text in them."""
    column = 0
    for index, character in enumerate(line):
        if column >= columns:
            return index
        if character == " ":
            column += 1
        elif character == "\t":
            column += 4 - column % 4
        elif character != "\r":
            return None
    return len(line)


def _count_cells(row: str) -> int:
    return len(_BAR.findall(row.strip().removeprefix("|").removesuffix("|"))) + 1
