"""Code spans that every renderer finds in a paragraph. Pure.

For CommonMark a span begins with a run of backticks and ends with the next run of the same length.
Renderers differ over what else has a claim on those backticks: a URL, a table's cell, emphasis,
strikethrough or a link that began before the span and ends in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BACKTICKS = re.compile(r"`+")
# What takes a backtick that follows without a space into itself: a bare or bracketed URL.
_SWALLOWS = re.compile(r"://|www\.|<", re.I)
_CLOSED_LINK = re.compile(r"\]\((?:https?://)?[\w./#?=&%+:@,;~-]*+\)")
_CLOSED_LABEL = re.compile(r"\[[^\[\]\\]*+\]")


class ParagraphSpans:
    """Finds the code spans of a paragraph, or of several lines that may be one to some renderer.

    A span is certain when its backticks pair on its own line, so did all before it, and nothing
    opened before it can close inside it. Behind the first that is uncertain, none is certain.
    """

    def __init__(self) -> None:
        self._is_certain = True
        self._opened: set[str] = set()
        self._has_simple_spans = True
        """All spans so far are of the kind that marked takes out before it looks for emphasis."""

    def in_line(self, line: str) -> Iterator[tuple[int, int]]:
        """Read the paragraph's next line.

        Args:
            line: without its line break.

        Yields:
            start and end of each certain span, backticks included.
        """
        runs = list(_BACKTICKS.finditer(line))
        position = index = 0
        in_first_cell = True
        while index < len(runs) and self._is_certain:
            opening = runs[index]
            before = line[position : opening.start()]
            self._note_openers(before)
            index = _closing(runs, index)
            if index == len(runs) or _may_swallow_backtick(before):
                self._is_certain = False
                return
            position = runs[index].end()
            code = line[opening.end() : runs[index].start()]
            self._is_certain = not self._may_end_something(code, len(opening[0]))
            # In a table a bar ends the cell, and the code with it (GFM 4.10).
            in_first_cell = in_first_cell and "|" not in code
            if in_first_cell and self._is_certain:
                yield opening.start(), position
            index += 1
        self._note_openers(line[position:])

    def _note_openers(self, text: str) -> None:
        self._opened.update(mark for mark in "*_~<" if mark in text)
        links = _CLOSED_LINK.sub("]", text)
        if "](" in links:
            self._opened.add("](")
        if "[" in _CLOSED_LABEL.sub("", links):
            self._opened.add("[")

    def _may_end_something(self, code: str, run_length: int) -> bool:
        """Whether some renderer may end in the code what was opened before it."""
        if run_length > 1 or "`" in code or code.endswith("\\"):
            self._has_simple_spans = False
        pairs = [("[", "]"), ("](", ")"), ("~", "~")]
        if not self._has_simple_spans or not self._opened.isdisjoint({"[", "](", "<"}):
            pairs += [("*", "*"), ("_", "_")]
        return any(opener in self._opened and closer in code for opener, closer in pairs)


def _may_swallow_backtick(before: str) -> bool:
    """Whether some renderer takes the backticks that follow for a part of what is before them."""
    word = before[max(before.rfind(" "), before.rfind("\t")) + 1 :]
    return word.endswith(("\\", "~")) or bool(_SWALLOWS.search(word))


def _closing(runs: list[re.Match[str]], index: int) -> int:
    """Return the index of the next run of the same length (CommonMark 6.1), or past the end."""
    length = len(runs[index][0])
    return next((i for i in range(index + 1, len(runs)) if len(runs[i][0]) == length), len(runs))
