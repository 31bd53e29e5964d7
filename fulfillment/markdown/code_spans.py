"""Finds what is code in Markdown for certain: to every renderer, whatever it makes of the rest.

Renderers are CommonMark, GFM, and marked 4 to 18, of which Lex Web UI uses 4.3. Where they differ,
or might, the answer is that it is not code. It tells nothing else about a document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

NEWLINE = r"(?:\r\n?|\n)"
LEAD = r"[ \t>*+\-.)\d]*+"  # whatever may stand before a block inside lists and blockquotes
TASK = r"(?:\[[ xX]\][ \t]++)?"

_LINE = re.compile(rf"([^\r\n]*+)(?:{NEWLINE}|\Z)")
# commonmark.js stops looking for a backtick in the info string at a Unicode line separator.
_LINE_SEPARATORS = str.maketrans("\u2028\u2029", "\n\n")
_FENCE = re.compile(rf"(?P<lead>{LEAD}(?P<task>{TASK}))(?P<run>`{{3,}}+(?!.*`)|~{{3,}}+)")
_CONTAINER = re.compile(r"(?:[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]|\Z)))++[ \t]*")
_ITEM = re.compile(r" {0,3}(?:[-*+]|(?P<number>\d{1,9})[.)]) {1,4}(?=[^ \t])")
_BREAK = re.compile(r"[-*_ \t]+")
_UNDERLINE = re.compile(r"[\s>]*(?:=+|-+)\s*")
_BACKTICKS = re.compile(r"`+")
# What takes a backtick that follows without a space into itself: a bare or bracketed URL.
_SWALLOWS = re.compile(r"://|www\.|<", re.I)
_CLOSED_LINK = re.compile(r"\]\((?:https?://)?[\w./#?=&%+:@,;~-]*+\)")
_CLOSED_LABEL = re.compile(r"\[[^\[\]\\]*+\]")
# marked 5 to 15 loses its place, by one for each of these, in all of the paragraph's text.
_SHIFTS = re.compile(r"\\[\U00010000-\U0010FFFF]")


def find_code(text: str) -> CodeReader:
    """Read a whole document; what is found stands in the reader's public attributes."""
    lines = list(_LINE.finditer(text))
    underlined: list[bool] = []  # whether a setext underline follows before the next empty line
    for line in reversed(lines):
        follows = bool(underlined and underlined[-1]) or bool(_UNDERLINE.fullmatch(line[1]))
        underlined.append(bool(line[1]) and follows)
    reader = CodeReader(inline_is_sure=not _SHIFTS.search(text))
    for line in lines:
        reader.read(line.start(), line[1], underlined.pop())
    return reader


def _indent(line: str) -> int:
    """The columns of indentation that every renderer counts at least (tabs: CommonMark 2.2)."""
    spaces = len(line) - len(line.lstrip(" "))
    tabs = len(line) - spaces - len(line[spaces:].lstrip("\t"))
    return (spaces // 4 + tabs) * 4 if tabs else spaces


@dataclass(frozen=True)
class _Fence:
    start: int
    code_before: int
    run: str
    indent: int
    in_list: bool
    """It may belong to a list item, and would end with it."""

    def closing(self, text: str) -> str:
        return ("" if text.endswith(("\r", "\n")) else "\n") + " " * self.indent + self.run

    def may_close(self, line: str) -> bool:
        """Whether some renderer might take the line for the closing fence."""
        bare = line.strip()
        marks = bare.startswith(self.run) and not bare.strip("`~")
        return marks and (self.in_list or _indent(line) < 4)

    def surely_has(self, line: str) -> bool:
        """Whether the line is in the block to every renderer, the closing fence included."""
        indent = _indent(line)
        if self.in_list and line.strip(" \t") and indent < self.indent:
            return False
        # CommonMark 4.5; marked 4 lets "~" close "`", and takes no tab after either.
        closes = not line.strip(" ").strip(self.run[0]) and indent in (0, 1, 2, 3, self.indent)
        return closes or not self.may_close(line)


@dataclass
class CodeReader:
    """Reads lines, and knows what it can not know."""

    inline_is_sure: bool
    code: list[tuple[int, int]] = field(default_factory=list)
    """Where every renderer sees code: ascending (start, end) offsets."""
    gaps: list[int] = field(default_factory=list)
    """Where code is sure only after an empty line."""
    fence: _Fence | None = None
    """The fence that is still open at the end."""
    _lost: bool = False  # a fence at the outermost level may be open, or not
    _in_doubt: bool = False  # a fence inside a list or quote may be open, or not
    _depth: int = 0  # at least where the innermost list item's or quote's content starts
    _indented: bool = False
    _seen_text: bool = False
    _after_empty: bool = False
    _block_start: bool = True
    _item: int | None = None  # the content offset of the item that the last line began
    _inline: _Inline = field(default_factory=lambda: _Inline())

    def read(self, start: int, line: str, underlined: bool) -> None:
        if self.fence and self._still_fenced(self.fence, line):
            self.code.append((start, start + len(line)))
        elif not line:
            self._block_start, self._item, self._inline = True, None, _Inline()
        elif not self._lost:
            self._read_text(start, line, underlined)
        # Before the first text nothing counts: somebody may trim the message.
        self._seen_text = self._seen_text or bool(line.strip())
        self._after_empty = not line and self._seen_text

    def _read_text(self, start: int, line: str, underlined: bool) -> None:
        if self._after_empty and line[0] != " " and line[0].isprintable():
            # Nothing indented, quoted or listed goes on here (CommonMark 5.1 to 5.3).
            self._in_doubt, self._depth = False, 0
        self._indented = self._is_indented_code(line)
        if self._indented:
            self.code.append((start, start + len(line)))
            return
        if container := _CONTAINER.match(line):
            self._depth = max(self._depth, container.end())
        item = self._sure_item(line)
        if item and not underlined:
            self._inline = _Inline()
        fenced = self._opens_fence(start, line, item, underlined)
        self._item, self._block_start = item, False
        if self.inline_is_sure and not (fenced or self._lost or self._in_doubt):
            self.code += ((start + a, start + b) for a, b in self._inline.spans(line))

    def _is_indented_code(self, line: str) -> bool:
        begins = self._block_start and self._seen_text  # else somebody may trim the indentation
        sure = (self._indented or begins) and not self._depth and not self._in_doubt
        return sure and _indent(line) >= 4

    def _sure_item(self, line: str) -> int | None:
        """The content offset of the list item that begins here to every renderer, if any."""
        match = _ITEM.match(line)
        if not match or self._in_doubt or _BREAK.fullmatch(line):
            return None
        # CommonMark 5.2: only a bullet or a 1 can interrupt a paragraph.
        sure = match["number"] in (None, "1") or self._after_empty or self._item
        return match.end() if sure else None

    def _opens_fence(self, start: int, line: str, item: int | None, underlined: bool) -> bool:
        match = _FENCE.match(line.translate(_LINE_SEPARATORS))
        if not match or _indent(line) >= 4 and not self._depth:
            return False
        indent, plain = len(match["lead"]), not match["lead"].strip(" ")
        joined = underlined and not self._block_start
        info_ends = "`" not in line[match.end() :] or match["run"][0] == "~"
        goes_on = indent < self._depth and not self._after_empty
        if plain and indent < 4 and (joined or goes_on) and not self._in_doubt:
            # marked 4 makes all from a paragraph above to an underline below one heading; 4.0
            # lets a list item go on. An empty line ends both, and is not seen.
            self.gaps.append(start)
            joined, self._depth = False, self._depth if indent else 0
        sure = info_ends and self._sure_fence(plain, indent, item)
        if joined or self._in_doubt or not sure:
            self._lost, self._in_doubt = plain and indent < 4, True
            self._depth = max(self._depth, 1)
            return False
        in_list = indent > 0 and self._depth > 0
        self.fence = _Fence(start, len(self.code), match["run"], indent, in_list)
        self._inline = _Inline()
        return True

    def _sure_fence(self, plain: bool, indent: int, item: int | None) -> bool:
        if not plain:
            return item == indent
        # Less than four columns are a fence in whatever list (CommonMark 4.5). More are, after
        # an empty line or a fence, a fence or indented code: code both ways.
        in_item = self._item is not None and self._item <= indent < self._item + 4
        return indent < 4 or self._block_start or in_item

    def _still_fenced(self, fence: _Fence, line: str) -> bool:
        sure = fence.surely_has(line)
        if not sure or fence.may_close(line):
            self.fence, self._block_start = None, True
        if not sure:
            # Some marked may never find its end, and before 4.2.13 then see no code at all.
            del self.code[fence.code_before :]
            self._lost, self._in_doubt = fence.indent < 4, True
        return sure


class _Inline:
    """Code spans of one paragraph, or of several lines that some renderer may take for one.

    A span is sure when its backticks pair on its own line, so did all before it, and nothing
    opened before it can close inside it. marked lets emphasis, strikethrough and links do that.
    """

    def __init__(self) -> None:
        self._lost = False
        self._opened: set[str] = set()
        self._plain = True

    def spans(self, line: str) -> Iterator[tuple[int, int]]:
        runs = list(_BACKTICKS.finditer(line))
        position = index = 0
        one_cell = True
        while index < len(runs) and not self._lost:
            opening = runs[index]
            before = line[position : opening.start()]
            self._note(before)
            index = _closing(runs, index)
            if index == len(runs) or _misread(before):
                self._lost = True
                return
            position = runs[index].end()
            code = line[opening.end() : runs[index].start()]
            self._lost = self._torn(code, len(opening[0]))
            # In a table a bar ends the cell, and the code with it (GFM 4.10).
            one_cell = one_cell and "|" not in code
            if one_cell and not self._lost:
                yield opening.start(), position
            index += 1
        self._note(line[position:])

    def _note(self, text: str) -> None:
        self._opened.update(mark for mark in "*_~<" if mark in text)
        links = _CLOSED_LINK.sub("]", text)
        if "](" in links:
            self._opened.add("](")
        if "[" in _CLOSED_LABEL.sub("", links):
            self._opened.add("[")

    def _torn(self, code: str, run_length: int) -> bool:
        if run_length > 1 or "`" in code or code.endswith("\\"):
            self._plain = False
        pairs = [("]", "["), (")", "]("), ("~", "~")]
        if not self._plain or not self._opened.isdisjoint({"[", "](", "<"}):
            # Otherwise marked keeps emphasis out of code by itself.
            pairs += [("*", "*"), ("_", "_")]
        return any(close in code and mark in self._opened for close, mark in pairs)


def _misread(before: str) -> bool:
    """Whether some renderer takes backticks that follow for a part of what is before them."""
    word = before[max(before.rfind(" "), before.rfind("\t")) + 1 :]
    return word.endswith(("\\", "~")) or bool(_SWALLOWS.search(word))


def _closing(runs: list[re.Match[str]], index: int) -> int:
    """The index of the next run of the same length (CommonMark 6.1), or past the end."""
    length = len(runs[index][0])
    return next((i for i in range(index + 1, len(runs)) if len(runs[i][0]) == length), len(runs))
