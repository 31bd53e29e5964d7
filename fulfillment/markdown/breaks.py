"""Where a paragraph may be broken, and how well. Pure.

Best at the end of a line, then of a sentence, then of a word. What a break would take apart is
worse: emphasis, which can be closed and opened again, and links and code, which cannot.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

_PLACE = re.compile(r"\s+|(?<=[。！？，、；：])(?=\S)")
_SENTENCE_END = re.compile(r"""(?:[.!?…]["')\]*_”’»]*|[。！？])\Z""")
_TOKEN = re.compile(
    r"\\."
    r"|(?P<code>`+)"
    r"|<[^<>\s]*>"
    r"|(?P<opening>!?\[)"
    r"|(?P<closing>\](?:\((?:[^()\n]|\([^()\n]*\))*+\)|\[[^\[\]\n]*\])?)"
    r"|(?P<mark>\*+|_+|~~)",
    re.DOTALL,
)


class BreakKind(IntEnum):
    """What a break is in, the best first."""

    LINE = 0
    SENTENCE = 1
    WORD = 2
    EMPHASIS = 3
    ELEMENT = 4
    """A link or a code span."""


class Break(NamedTuple):
    """A place in a paragraph where it may be broken."""

    offset: int
    """Where what follows begins; white space before it is not needed."""
    kind: BreakKind
    marks: tuple[str, ...] = ()
    """The emphasis to close before the break and to open again after it, the outermost first."""


class Span(NamedTuple):
    """A part of a paragraph that belongs together."""

    start: int
    end: int
    mark: str = ""
    """That of emphasis."""


def breaks_in(paragraph: str) -> Iterator[Break]:
    """Return all places where a paragraph may be broken, in order."""
    spans = sorted(spans_in(paragraph), key=lambda span: (span.start, -span.end))
    spans.reverse()
    around: list[Span] = []
    for place in _PLACE.finditer(paragraph):
        offset = place.end()
        while spans and spans[-1].start < offset:
            around.append(spans.pop())
        around = [span for span in around if span.end > place.start()]
        if offset == len(paragraph) or not place.start():
            continue
        marks = tuple(span.mark for span in around)
        if "" in marks:
            yield Break(offset, BreakKind.ELEMENT)
        elif marks:
            yield Break(offset, BreakKind.EMPHASIS, marks)
        elif "\n" in place[0]:
            yield Break(offset, BreakKind.LINE)
        else:
            before = paragraph[max(0, place.start() - 10) : place.start()]
            yield Break(
                offset, BreakKind.SENTENCE if _SENTENCE_END.search(before) else BreakKind.WORD
            )


def spans_in(paragraph: str) -> Iterator[Span]:
    """Return emphasis, links and code spans, as far as they can be told without the rest."""
    emphasis, brackets, end = _Emphasis(), list[int](), 0
    code_ends = _code_ends(paragraph)
    for token in _TOKEN.finditer(paragraph):
        if token.start() < end:
            continue
        if token["code"]:
            end = code_ends.get(token.start(), 0)
            if end:
                yield Span(token.start(), end)
        elif token["opening"]:
            brackets.append(token.start())
        elif token["closing"] and brackets:
            start = brackets.pop()
            emphasis.forget(start)
            yield Span(start, token.end())
        elif token["mark"]:
            yield from emphasis.read(token)


class _Emphasis:
    """Pairs the marks of emphasis, more simply than CommonMark 6.2."""

    def __init__(self) -> None:
        self._open: list[tuple[str, int, int]] = []
        """Character, length and end of each run that may open emphasis."""
        self._count = Counter[str]()

    def read(self, run: re.Match[str]) -> Iterator[Span]:
        before = run.string[run.start() - 1 : run.start()]
        after = run.string[run.end() : run.end() + 1]
        character, length, place = run[0][0], len(run[0]), run.start()
        in_word = character == "_" and before.isalnum() and after.isalnum()
        if not before or before.isspace() or in_word:
            length = 0 if in_word else length
        else:
            while length and self._count[character]:
                opener, width, end = self._open.pop()
                self._count[opener] -= 1
                if opener != character:
                    continue
                size = min(length, width)
                yield Span(end - size, place + size, character * size)
                length, place = length - size, place + size
                if width > size:
                    self._push(character, width - size, end - size)
        if length and after and not after.isspace():
            self._push(character, length, run.end())

    def forget(self, place: int) -> None:
        """Leave open no emphasis that began after a place; it cannot reach out of a link."""
        while self._open and self._open[-1][2] > place:
            self._count[self._open.pop()[0]] -= 1

    def _push(self, character: str, length: int, end: int) -> None:
        self._open.append((character, length, end))
        self._count[character] += 1


def _code_ends(paragraph: str) -> dict[int, int]:
    """Return where the code ends that a run of backticks would begin (CommonMark 6.1)."""
    ends: dict[int, int] = {}
    next_of_length: dict[int, int] = {}
    for run in reversed(list(re.finditer("`+", paragraph))):
        length = len(run[0])
        if length in next_of_length:
            ends[run.start()] = next_of_length[length]
        next_of_length[length] = run.end()
    return ends
