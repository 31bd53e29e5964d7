"""What is code in a Markdown document to every renderer. Pure.

The sanitizer turns every ``<`` that could open a tag into ``&lt;``, except in code, where it would
be shown as ``&lt;``. If it takes something for code that the client's renderer does not, the tag
runs. So the question is not what CommonMark calls code, but what all renderers agree on:
CommonMark, GFM, markdown-it, and marked 4 to 18 (Lex Web UI has 4.3). Where they differ, or might,
the answer is "no code": that costs a visible ``&lt;``, and never runs anything.

No parser answers that question, for each knows one reading only. Measured with markdown-it-py: of
5,000 random documents that were neutralised outside the code that it sees, 323 still ran something
in marked 4.3; with this module none did. (It is the oracle of the tests, and would add 24 ms to a
cold start instead of 12.)

The reader goes line by line, and keeps three things apart:

- *Where a fence opens.* At less than four columns it is one to everybody. Behind a list mark, or
  further in, it is one only if the item's content certainly begins there.
- *Where it closes.* A line that closes it to some renderers and not to others ends all certainty:
  to one, what follows is code, to another it is text. So does a fence that opens only to some.
- *How far doubt reaches.* A block in a list or quote ends with it, at the latest at an unindented
  line after an empty one, and doubt with it. Doubt about an outermost block never ends.

Where an empty line would remove the doubt about a fence, its place is noted in ``gaps`` and the
fence is taken for certain: code that relies on it has to put the empty line there.

Numbers in comments are sections of the CommonMark 0.31 and GFM specifications.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum

from fulfillment.markdown import fences
from fulfillment.markdown.code_spans import ParagraphSpans

NEWLINE = r"(?:\r\n?|\n)"
LEAD = r"[ \t>*+\-.)\d]*+"  # whatever may stand before a block inside lists and quotes
TASK = r"(?:\[[ xX]\][ \t]++)?"

_LINE = re.compile(rf"([^\r\n]*+)(?:{NEWLINE}|\Z)")
# Behind any lead and however long: whatever some renderer may take for a fence.
_FENCE = fences.opening(lead=LEAD + TASK)
# commonmark.js stops looking for a backtick in the info string at a Unicode line separator.
_LINE_SEPARATORS = str.maketrans("\u2028\u2029", "\n\n")
_CONTAINER = re.compile(r"(?:[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]|\Z)))++[ \t]*")
_ITEM = re.compile(r" {0,3}(?:[-*+]|(?P<number>\d{1,9})[.)]) {1,4}(?=[^ \t])")
_BREAK = re.compile(r"[-*_ \t]+")
_UNDERLINE = re.compile(r"[\s>]*(?:=+|-+)\s*")
# marked 5 to 15 loses its place, by one for each of these, in all of the paragraph's text.
_SHIFTS = re.compile(r"\\[\U00010000-\U0010FFFF]")


class Doubt(IntEnum):
    """Whether a fence may be open to some renderer and not to another."""

    NONE = 0
    NESTED = 1
    """One inside a list or quote, and only as long as that goes on."""
    OUTERMOST = 2
    """One of the document itself, so to the end."""


@dataclass(frozen=True)
class OpenFence:
    """A fenced block that is open to every renderer."""

    start: int
    """The offset of its first line."""
    spans_before: int
    """How many spans of code were found before it."""
    mark: str
    indent: int
    in_list: bool
    """It may belong to a list item, and would end with it."""

    def closing(self, text: str) -> str:
        """Return what to add to a text that ends inside the block, to close it."""
        return ("" if text.endswith(("\r", "\n")) else "\n") + " " * self.indent + self.mark

    def may_end_at(self, line: str) -> bool:
        """Return whether some renderer might take the line for the closing fence."""
        bare = line.strip()
        has_only_marks = bare.startswith(self.mark) and not bare.strip("`~")
        return has_only_marks and (self.in_list or _indent(line) < 4)

    def has(self, line: str) -> bool:
        """Return whether the line is in the block to every renderer, the closing one included."""
        indent = _indent(line)
        if self.in_list and line.strip(" \t") and indent < self.indent:
            return False
        # 4.5; marked 4 lets "~" close "`", and takes no tab after either.
        closes = not line.strip(" ").strip(self.mark[0]) and indent in (0, 1, 2, 3, self.indent)
        return closes or not self.may_end_at(line)


@dataclass(frozen=True)
class _Opening:
    """A line that opens a fenced block to some renderer."""

    mark: str
    indent: int
    is_behind_spaces: bool
    """Nothing but spaces stands before it, no mark of a list or quote."""
    has_certain_info: bool
    """No renderer sees a code span or a table in it."""

    @classmethod
    def of(cls, line: str) -> _Opening | None:
        match = _FENCE.match(line.translate(_LINE_SEPARATORS))
        if not match:
            return None
        lead, mark = match["lead"], match["mark"]
        # To markdown-it it may be the head of a table, which comes before a fence there.
        has_bar = "|" in line[match.end("mark") :]
        has_certain_info = not has_bar and (mark[0] == "~" or "`" not in line[match.end("mark") :])
        return cls(mark, len(lead), not lead.strip(" "), has_certain_info)

    @property
    def is_outermost(self) -> bool:
        """Whether it is a fence at any place outside of other code (4.5)."""
        return self.is_behind_spaces and self.indent < 4


@dataclass
class CodeReader:
    """Reads a document line by line and marks as code what every renderer agrees on."""

    spans_are_certain: bool = True
    code: list[tuple[int, int]] = field(default_factory=list)
    """Where every renderer sees code: ascending (start, end) offsets."""
    gaps: list[int] = field(default_factory=list)
    """Offsets of lines that open a fence to everybody only after an empty line."""
    fence: OpenFence | None = None
    """The fence that is still open at the end."""
    _doubt: Doubt = Doubt.NONE
    _depth: int = 0
    """The least column where the content of the innermost open list item or quote may start."""
    _in_indented_code: bool = False
    _after_text: bool = False
    """Something but white space came before; a client may trim what it shows."""
    _after_empty: bool = False
    _at_block_start: bool = True
    _item: int | None = None
    """The content column of the list item that the last line began."""
    _spans: ParagraphSpans = field(default_factory=ParagraphSpans)

    def read(self, start: int, line: str, *, underlined: bool) -> None:
        """Read the next line.

        Args:
            start: the line's offset in the document.
            line: without its line break.
            underlined: whether the underline of a heading comes before the next empty line.
        """
        if self.fence and self._is_in_fence(self.fence, line):
            self.code.append((start, start + len(line)))
        elif not line:
            self._at_block_start, self._item, self._spans = True, None, ParagraphSpans()
        elif self._doubt != Doubt.OUTERMOST:
            self._read_text(start, line, underlined=underlined)
        self._after_text = self._after_text or bool(line.strip())
        self._after_empty = not line and self._after_text

    def _is_in_fence(self, fence: OpenFence, line: str) -> bool:
        is_in_it = fence.has(line)
        if not is_in_it or fence.may_end_at(line):
            self.fence, self._at_block_start = None, True
        if not is_in_it:
            # To some it never ends, and marked before 4.2.13 then sees no code in any of it.
            del self.code[fence.spans_before :]
            self._doubt = Doubt.OUTERMOST if fence.indent < 4 else Doubt.NESTED
        return is_in_it

    def _read_text(self, start: int, line: str, *, underlined: bool) -> None:
        if self._after_empty and line[0] != " " and line[0].isprintable():
            # Nothing indented, quoted or listed goes on here (5.1 to 5.3).
            self._doubt, self._depth = Doubt.NONE, 0
        self._in_indented_code = self._is_indented_code(line)
        if self._in_indented_code:
            self.code.append((start, start + len(line)))
            return
        if container := _CONTAINER.match(line):
            self._depth = max(self._depth, container.end())
        item = self._item_in(line)
        if item and not underlined:
            self._spans = ParagraphSpans()
        opens_fence = self._opens_fence(start, line, item, underlined=underlined)
        self._item, self._at_block_start = item, False
        if self.spans_are_certain and not opens_fence and not self._doubt:
            self.code += ((start + a, start + b) for a, b in self._spans.in_line(line))

    def _is_indented_code(self, line: str) -> bool:
        goes_on = self._in_indented_code or (self._at_block_start and self._after_text)
        return goes_on and not self._depth and not self._doubt and _indent(line) >= 4

    def _item_in(self, line: str) -> int | None:
        """Return the content column of the list item that begins here to everybody, if any."""
        match = _ITEM.match(line)
        if not match or self._doubt or _BREAK.fullmatch(line):
            return None
        # Only a bullet or a 1 can interrupt a paragraph (5.2).
        is_certain = match["number"] in (None, "1") or self._after_empty or self._item
        return match.end() if is_certain else None

    def _opens_fence(self, start: int, line: str, item: int | None, *, underlined: bool) -> bool:
        """Return whether the line opens a fence to everybody; what opens to some leaves doubt."""
        opening = _Opening.of(line)
        if opening is None or (_indent(line) >= 4 and not self._depth):
            return False
        in_heading = underlined and not self._at_block_start
        in_item = opening.indent < self._depth and not self._after_empty
        if opening.is_outermost and (in_heading or in_item) and not self._doubt:
            # marked 4 makes all from a paragraph above to an underline below one heading; 4.0
            # lets a list item go on. An empty line ends both, and is not seen.
            self.gaps.append(start)
            in_heading = False
            self._depth = self._depth if opening.indent else 0
        if in_heading or self._doubt or not self._is_certain(opening, item):
            self._doubt = Doubt.OUTERMOST if opening.is_outermost else Doubt.NESTED
            self._depth = max(self._depth, 1)
            return False
        in_list = opening.indent > 0 and self._depth > 0
        self.fence = OpenFence(start, len(self.code), opening.mark, opening.indent, in_list)
        self._spans = ParagraphSpans()
        return True

    def _is_certain(self, opening: _Opening, item: int | None) -> bool:
        if not opening.has_certain_info:
            return False
        if not opening.is_behind_spaces:
            return item == opening.indent
        # With four columns or more it is a fence or, after an empty line or a fence, indented
        # code: code both ways.
        in_item = self._item is not None and self._item <= opening.indent < self._item + 4
        return opening.is_outermost or self._at_block_start or in_item


def find_code(text: str) -> CodeReader:
    """Read a whole document; the reader's public attributes hold what was found."""
    lines = list(_LINE.finditer(text))
    underlined: list[bool] = []
    for line in reversed(lines):
        follows = bool(underlined and underlined[-1]) or bool(_UNDERLINE.fullmatch(line[1]))
        underlined.append(bool(line[1]) and follows)
    reader = CodeReader(spans_are_certain=not _SHIFTS.search(text))
    for line in lines:
        reader.read(line.start(), line[1], underlined=underlined.pop())
    return reader


def _indent(line: str) -> int:
    """Return the columns of indentation that every renderer counts at least (tabs: 2.2)."""
    spaces = len(line) - len(line.lstrip(" "))
    tabs = len(line) - spaces - len(line[spaces:].lstrip("\t"))
    return (spaces // 4 + tabs) * 4 if tabs else spaces
