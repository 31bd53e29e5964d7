"""Inline Markdown without its marks, read incrementally. Pure.

Whether a character is a mark has to be clear a few characters on. As far as that reaches the rules
are CommonMark's; beyond it a mark may stay or go, but never a word.
"""

from __future__ import annotations

import re
import string
import unicodedata

from fulfillment.markdown.ahead import Ahead

# A longer run is no mark that anybody writes, but a masked number or a line of them.
MAX_EMPHASIS = 3
MAX_BACKTICKS = 5

_WORDS = re.compile(r"[^\\`*_~\[\]!<>&\n]+")
_CODE = re.compile(r"[^`\n]+")
_CODE_IN_ROW = re.compile(r"[^`\\\n]+")
_ESCAPABLE = frozenset(string.punctuation)
_BEFORE_UNDERSCORE = frozenset("\"'*~|>")
# No link for certain: [x], [sic]; or better with its brackets: [1], [^note], [0, 100).
_KEPT_BRACKET = re.compile(r"\[(?:[-+]?[0-9]|\^|[^\[\]\n]{0,4}\](?!\())")
_KEPT_BRACKET_CHARACTERS = 7
_ADDRESS = re.compile(
    r"\]\((?:[^\s()\[\]]|\([^\s()\[\]]*\)?)*+(?:[ \t]+(?:\"[^\"\n]*\"?|'[^'\n]*'?)?[ \t]*)?"
)
_AUTOLINKS = ("<https:/", "<http:/", "<mailto:")
# As far as the sanitizer lets them through: the only line breaks that a table's cell can have.
_LINE_BREAKS = tuple(
    f"<{name}{blanks}{end}"
    for name in ("br", "BR")
    for blanks in ("", " ", "  ")
    for end in (">", "/>")
)
_ENTITIES = {
    "&amp;": "&",
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#39;": "'",
    "&apos;": "'",
    "&nbsp;": "\u00a0",
}


class Inline:
    """Reads the text of one block, such as a paragraph or a list item.

    Args:
        ahead: the text, at the place where the block begins.
        is_row: whether it is a table's row, where even in code a bar is escaped.
    """

    def __init__(self, ahead: Ahead, *, is_row: bool = False) -> None:
        self._ahead = ahead
        self._is_row = is_row
        self._code = 0
        """The length of the run of backticks that opened a code span, or 0."""
        self._emphasised = dict.fromkeys("*_~", 0)
        self._brackets: list[bool] = []
        """Of each open bracket, whether it is shown."""
        self._autolink = False

    def next(self) -> str:
        """Read the next element, which is no line break; return what is shown of it.

        Raises:
            NeedsMore: it is not clear yet what it is, and nothing was read.
        """
        character = self._ahead.glance(1)
        if self._code and character != "`":
            return self._code_in_row() if self._is_row else self._ahead.take_all(_CODE)
        match character:
            case "\\":
                return self._escape()
            case "`":
                return self._backticks()
            case "*" | "_" | "~":
                return self._emphasis()
            case "!":
                return self._image()
            case "[":
                return self._bracket()
            case "]":
                return self._bracket_end()
            case "<":
                return self._less_than()
            case ">":
                return self._greater_than()
            case "&":
                return self._entity()
            case _:
                return self._words()

    def _code_in_row(self) -> str:
        # https://github.github.com/gfm/#example-200
        if self._ahead.glance(1) != "\\":
            return self._ahead.take_all(_CODE_IN_ROW)
        return self._ahead.skip(2, "|") if self._ahead.peek(2) == "\\|" else self._ahead.take(1)

    def _words(self) -> str:
        words = self._ahead.take_all(_WORDS)
        if " " in words:
            self._autolink = False
        return words

    def _escape(self) -> str:
        escaped = self._ahead.peek(2)[1:]
        if escaped == "\n":
            return self._ahead.skip(1)
        return self._ahead.skip(2, escaped) if escaped in _ESCAPABLE else self._ahead.take(1)

    def _run(self, most: int) -> int:
        """Return how often the next character is repeated, or 0 where that is no mark."""
        ahead = self._ahead.glance(most + 1)
        length = len(ahead) - len(ahead.lstrip(ahead[0]))
        if length > most or self._ahead.before == ahead[0]:
            return 0
        self._ahead.peek(length + 1)
        return length

    def _backticks(self) -> str:
        length = self._run(MAX_BACKTICKS)
        if not length or (self._code and length != self._code):
            return self._ahead.take(length or 1)
        self._code = 0 if self._code else length
        return self._ahead.skip(length)

    def _emphasis(self) -> str:
        mark = self._ahead.glance(1)
        length = self._run(MAX_EMPHASIS)
        if not length or (mark == "~" and length != 2):
            return self._ahead.take(length or 1)
        before, after = self._ahead.before, self._ahead.glance(length + 1)[length:]
        opens, closes = _flanks(mark, before, after)
        emphasised = self._emphasised[mark]
        if opens and closes:
            closes = length == emphasised
            # 2*3 and f**k; a script without spaces has its emphasis between letters.
            opens = not (before.isalnum() and (before + after).isascii())
        if closes:
            closed = min(length, emphasised)
            self._emphasised[mark] -= closed
            return self._ahead.skip(length, mark * (length - closed))
        if opens:
            self._emphasised[mark] += length
            return self._ahead.skip(length)
        return self._ahead.take(length)

    def _image(self) -> str:
        is_image = self._ahead.peek(2) == "![" and not self._keeps_bracket(1)
        return self._ahead.skip(1) if is_image else self._ahead.take(1)

    def _bracket(self) -> str:
        stays = self._keeps_bracket(0)
        self._brackets.append(stays)
        return self._ahead.take(1) if stays else self._ahead.skip(1)

    def _keeps_bracket(self, offset: int) -> bool:
        ahead = self._ahead.peek(offset + _KEPT_BRACKET_CHARACTERS)
        return _KEPT_BRACKET.match(ahead, offset) is not None

    def _bracket_end(self) -> str:
        if not self._brackets:
            return self._ahead.take(1)
        length = self._ahead.unseen(_ADDRESS, ")") if self._ahead.peek(2) == "](" else 0
        return self._ahead.skip(length or 1, "]" if self._brackets.pop() else "")

    def _less_than(self) -> str:
        if line_break := self._ahead.one_of(_LINE_BREAKS):
            return self._ahead.skip(len(line_break), "\n")
        if not self._ahead.one_of(_AUTOLINKS):
            return self._ahead.take(1)
        self._autolink = True
        return self._ahead.skip(1)

    def _greater_than(self) -> str:
        ends, self._autolink = self._autolink, False
        return self._ahead.skip(1) if ends else self._ahead.take(1)

    def _entity(self) -> str:
        entity = self._ahead.one_of(_ENTITIES)
        if not entity:
            return self._ahead.take(1)
        return self._ahead.skip(len(entity), _ENTITIES[entity])


def _flanks(mark: str, before: str, after: str) -> tuple[bool, bool]:
    """Return whether a run of marks may open emphasis, and whether it may close it.

    https://spec.commonmark.org/0.31.2/#left-flanking-delimiter-run
    """
    opens = not _is_space(after) and (not _is_punctuation(after) or not _is_word(before))
    closes = not _is_space(before) and (not _is_punctuation(before) or not _is_word(after))
    if mark == "_":
        # Stricter than CommonMark, which sees later on that /_next/ in an address is none.
        opens = opens and _may_precede_underscore(before)
        closes = closes and not _is_word(after)
    return opens, closes


def _may_precede_underscore(before: str) -> bool:
    opening = unicodedata.category(before) in ("Ps", "Pi") or before in _BEFORE_UNDERSCORE
    return opening or _is_space(before)


def _is_space(character: str) -> bool:
    return not character or character.isspace()


def _is_punctuation(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] in "PS"


def _is_word(character: str) -> bool:
    return not (_is_space(character) or _is_punctuation(character))
