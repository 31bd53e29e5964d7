"""A text that is read while it grows: looks ahead, and says when more of it has to come. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

# What shows nothing, such as a link's address, ends within this; what is longer is text.
MAX_UNSEEN_CHARACTERS = 2_000


class NeedsMore(Exception):
    """More of the text has to come before it is clear what is next."""


class Ahead:
    """The part of a growing text that is still to be read."""

    def __init__(self) -> None:
        self.complete = False
        self.before = "\n"
        """The last character that was read."""
        self._text = ""
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._text)

    def add(self, text: str) -> None:
        """Append the next piece of the text."""
        self._text = self._text[self._at :] + text
        self._at = 0

    def peek(self, length: int) -> str:
        """Return the next ``length`` characters; fewer only at the end of the text.

        Raises:
            NeedsMore: there are not that many yet.
        """
        ahead = self.glance(length)
        if len(ahead) < length and not self.complete:
            raise NeedsMore
        return ahead

    def glance(self, length: int) -> str:
        """Return the next ``length`` characters, or as many as there are by now."""
        return self._text[self._at : self._at + length]

    def skip(self, length: int, shown: str = "") -> str:
        """Move on by ``length`` characters; return what is shown instead of them."""
        self._at += length
        self.before = self._text[self._at - 1]
        return shown

    def take(self, length: int) -> str:
        """Move on by ``length`` characters; return them."""
        return self.skip(length, self.glance(length))

    def take_all(self, pattern: re.Pattern[str]) -> str:
        """Move on by what matches a pattern; return it."""
        return self.take(self.length(pattern))

    def length(self, pattern: re.Pattern[str]) -> int:
        """Return the length of what matches here, at most ``MAX_UNSEEN_CHARACTERS``."""
        found = pattern.match(self._text, self._at, self._at + MAX_UNSEEN_CHARACTERS)
        return len(found[0]) if found else 0

    def unseen(self, pattern: re.Pattern[str], end: str) -> int:
        """Return the length of something that is not shown, its end included, or 0.

        Waiting for the end holds nothing back, for nothing of it is shown in either case.

        Args:
            pattern: what is before the end.
            end: the character that has to follow.

        Raises:
            NeedsMore: the end has not come yet.
        """
        length = self.length(pattern)
        if not length:
            return 0
        if last := self.glance(length + 1)[length:]:
            return length + 1 if last == end else 0
        if not self.complete:
            raise NeedsMore
        return length

    def one_of(self, words: Iterable[str]) -> str:
        """Return which of the words is next, or an empty string.

        Raises:
            NeedsMore: what has come is the beginning of one.
        """
        for word in words:
            ahead = self.glance(len(word))
            if ahead == word:
                return word
            if word.startswith(ahead) and not self.complete:
                raise NeedsMore
        return ""
