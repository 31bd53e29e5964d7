"""Markdown without its marks, read incrementally. Pure.

For clients that show frames as they come, as Lex Web UI does. A frame cannot be taken back, so
marks are told from text by what has come and a few characters more; where that is not enough, a
mark may stay or go, but never a word. Numbers of lists, bars of tables and HTML stay as they are.
"""

from __future__ import annotations

import re
import string

from fulfillment.markdown import fences
from fulfillment.markdown.ahead import Ahead, NeedsMore
from fulfillment.markdown.inline import Inline

# The most that is held back of a growing text, because it may yet mean something else.
HELD_BACK_CHARACTERS = 8

# Where line breaks collapse, as in Lex Web UI's bubble, a "-" would read as a dash.
BULLET = "•"
# An end of a fence is recognised by its last mark, and all before that is held back, at most
# HELD_BACK_CHARACTERS. A fence that is further in leaves its indentation behind.
MAX_FENCE_INDENT = 4
MAX_FENCE_MARK = 5

_INDENT = re.compile(r"[ \t]*")
_CODE = re.compile(r"[^\n]+")
_FENCE = fences.opening(lead=r"[ \t]*", longest=MAX_FENCE_MARK)
# A break between sections, the underline of a heading, the line below a table's head.
_RULER = re.compile(
    r"\|[ \t]?:?-[-|: \t\r]*|:?(?:-[ \t]*){3}[-|: \t\r]*"
    r"|(?:\*[ \t]*){3}[* \t\r]*|(?:_[ \t]*){3}[_ \t\r]*|={3,}[ \t\r]*"
)
_BLOCK_MARKS = frozenset("#-*+_=|:" + string.digits)
_HEADING = re.compile(r"#{1,6}[ \t]+")
_LIST_MARK = re.compile(r"(?:[-*+]|(?P<number>[0-9]{1,3}[.)]))(?=[ \t])")


def plain(markdown: str, *, complete: bool = True) -> str:
    """Return Markdown without its marks.

    Args:
        markdown: the text, or its beginning.
        complete: whether that is all. If not, what may yet mean something else is left out, at most
            ``HELD_BACK_CHARACTERS``, and the result is a prefix of what any longer text gives.
    """
    reader = PlainReader()
    text = reader.feed(markdown)
    return text + reader.finish() if complete else text


class PlainReader:
    """Reads Markdown in pieces; where they are cut makes no difference to the result."""

    def __init__(self) -> None:
        self._ahead = Ahead()
        self._inline = Inline(self._ahead)
        self._at_line_start = True
        self._quoted = False
        """Whether the current line began with the mark of a quote."""
        self._fence = ""
        self._fence_quoted = False

    def feed(self, markdown: str) -> str:
        """Read the next piece of a text; return what is clear by now and was not returned yet."""
        self._ahead.add(markdown)
        shown = []
        try:
            while self._ahead:
                shown.append(self._next())
        except NeedsMore:
            pass
        return "".join(shown)

    def finish(self) -> str:
        """Return the rest; the text is complete."""
        self._ahead.complete = True
        return self.feed("")

    def _next(self) -> str:
        if self._at_line_start:
            return self._line()
        if self._ahead.glance(1) == "\n":
            self._at_line_start, self._quoted = True, False
            return self._ahead.take(1)
        return self._ahead.take_all(_CODE) if self._fence else self._inline.next()

    # --- at the start of a line, or behind a mark that stands there

    def _line(self) -> str:
        indent = self._ahead.length(_INDENT)
        first = self._ahead.peek(indent + 1)[indent:]
        if not first:
            return self._ahead.skip(indent)
        return self._fenced_line(indent, first) if self._fence else self._block(indent, first)

    def _block(self, indent: int, first: str) -> str:
        if first in "`~" and indent <= MAX_FENCE_INDENT and self._opens_fence(indent):
            return ""
        if indent:
            return self._ahead.take(indent)
        if first in "\r\n":
            self._begin_block()
            return self._ahead.take(1)
        if first == ">":
            return self._quote_mark()
        return self._block_mark() if first in _BLOCK_MARKS else self._begin_text()

    def _begin_block(self, *, is_row: bool = False) -> None:
        # Nothing that is open inside a line goes on beyond its block.
        self._inline = Inline(self._ahead, is_row=is_row)

    def _begin_text(self) -> str:
        self._at_line_start = False
        return ""

    def _quote_mark(self) -> str:
        length = 2 if self._ahead.peek(2) == "> " else 1
        self._quoted = True
        return self._ahead.skip(length)

    def _block_mark(self) -> str:
        ahead = self._ahead.glance(HELD_BACK_CHARACTERS)
        if "\n" not in ahead:
            self._ahead.peek(HELD_BACK_CHARACTERS)
        # What is no ruler by now is none later either, or the pieces would make a difference.
        if _RULER.match(ahead) and (length := self._ahead.unseen(_RULER, "\n")):
            self._begin_block()
            return self._skip_line(length)
        if heading := _HEADING.match(ahead):
            self._begin_block()
            self._at_line_start = False
            return self._ahead.skip(heading.end())
        if mark := _LIST_MARK.match(ahead):
            self._begin_block()
            return self._ahead.skip(mark.end(), mark["number"] or BULLET)
        if ahead[0] == "|":
            self._begin_block(is_row=True)
        return self._begin_text()

    def _skip_line(self, length: int) -> str:
        self._quoted = False
        return self._ahead.skip(length)

    # --- fences

    def _opens_fence(self, indent: int) -> bool:
        self._ahead.peek(indent + 3)
        length = self._ahead.unseen(_FENCE, "\n")
        if length:
            line = self._ahead.glance(length)[indent:]
            self._fence = line[: len(line) - len(line.lstrip(line[0]))]
            self._fence_quoted = self._quoted
            self._begin_block()
            self._skip_line(length)
        return bool(length)

    def _fenced_line(self, indent: int, first: str) -> str:
        if self._fence_quoted and not self._quoted:
            if indent:
                return self._ahead.skip(indent)
            if first == ">":
                return self._quote_mark()
            self._fence = ""  # it ends with its quote
        elif indent > MAX_FENCE_INDENT:
            return self._ahead.take(indent)
        elif not (first == self._fence[0] and self._closes_fence(indent)):
            return self._begin_text()
        return ""

    def _closes_fence(self, indent: int) -> bool:
        length = 0
        if self._ahead.peek(indent + len(self._fence))[indent:] == self._fence:
            length = self._ahead.unseen(fences.CLOSING, "\n")
        if length:
            self._fence = ""
            self._skip_line(length)
        return bool(length)
