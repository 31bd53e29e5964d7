"""How bad it is to cut a document before a line, or in a paragraph. Pure."""

from __future__ import annotations

import re

from fulfillment.markdown import fences
from fulfillment.markdown.blocks import Block, Container, Item, Kind, Line, Quote, fence_of
from fulfillment.markdown.breaks import BreakKind

# For each container that a cut tears: a quote goes on in the next part, but the rest of an item is
# no item any more.
_QUOTE, _ITEM = 1, 2
_LIST, _TABLE = 1, 1
_INTRODUCTION = 5
_CODE, _PIECE_OF_CODE = 14, 15
_MAX_STRUCTURE = 19
IN_PARAGRAPH = {
    BreakKind.LINE: 20,
    BreakKind.SENTENCE: 21,
    BreakKind.WORD: 22,
    BreakKind.EMPHASIS: 50,
    BreakKind.ELEMENT: 60,
}
# A part that is left hardly filled, rather than to end it as badly as that.
HARDLY_FILLED = 25
ANYWHERE = 70

# A line that belongs to what is below it, such as a heading in bold.
_INTRODUCING = re.compile(r".*:|(?:\*\*|__).+(?:\*\*|__)")


def penalty_before(lines: list[Line], index: int) -> int | None:
    """Return the penalty for a cut before a line; ``None`` if there must be none."""
    line = lines[index]
    place = index - 1
    while place > 0 and not lines[place].block:
        place -= 1
    before = lines[place]
    if not line.block or not before.block:
        return None
    if before.block is line.block:
        inside = _penalty_inside(line.block, line, lines[index - 1])
    else:
        inside = _penalty_between(before, before.block, line.block)
    if inside is None:
        return None
    return min(inside + _penalty_for_containers(before, line), _MAX_STRUCTURE)


def _penalty_inside(block: Block, line: Line, before: Line) -> int | None:
    if block.kind is Kind.TABLE:
        return None if line in block.lines[:3] else _TABLE
    if block.kind is Kind.INDENTED_CODE:
        return _PIECE_OF_CODE
    fence = fence_of(block)
    if not fence or line is block.lines[1]:
        return None
    if line is block.lines[-1] and fences.closes(line.text, fence.mark):
        return None
    return _PIECE_OF_CODE if before.text.strip() else _CODE


def _penalty_between(last: Line, before: Block, block: Block) -> int | None:
    if before.kind is Kind.HEADING:
        return None
    if before.kind is block.kind is Kind.INDENTED_CODE:
        return _CODE
    return _INTRODUCTION if _INTRODUCING.fullmatch(last.text.strip()) else 0


def _penalty_for_containers(before: Line, line: Line) -> int:
    penalty = 0
    for one, other in zip(before.containers, line.containers, strict=False):
        if one is not other:
            return penalty + (_LIST if _are_neighbours(one, other) else 0)
        penalty += _QUOTE if isinstance(one, Quote) else _ITEM
    return penalty


def _are_neighbours(one: Container, other: Container) -> bool:
    return isinstance(one, Item) and isinstance(other, Item) and one.list is other.list
