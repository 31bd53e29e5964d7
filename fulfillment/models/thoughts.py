"""Thoughts that a model writes into its text, between tags, kept from the reader. Pure."""

from __future__ import annotations

from collections.abc import Sequence


class ThoughtFilter:
    """Leaves out the thoughts that a text begins with, wherever its chunks are cut.

    Tags further in are the text's own. Thoughts that do not end are left out to the end.

    Args:
        tags: the names that the tags around thoughts may have; without any, all is shown.
    """

    def __init__(self, tags: Sequence[str] = ()) -> None:
        self._tags = tags
        self._held = ""
        self._closing = ""
        """The tag that ends the thoughts, while there are any."""
        self._thought = False
        self._is_past = not tags

    def feed(self, chunk: str) -> str:
        """Add the next chunk; return the text that can be shown now."""
        if self._is_past:
            return chunk
        self._held += chunk
        while self._closing or self._opens():
            _, end, rest = self._held.partition(self._closing)
            if not end:
                # No more than what may be the beginning of the tag.
                self._held = self._held[1 - len(self._closing) :]
                return ""
            self._held, self._closing, self._thought = rest, "", True
        return "" if self._may_open() else self.finish()

    def finish(self) -> str:
        """Return the rest of the text, of which no more will come as a beginning."""
        rest, self._held = self._held, ""
        self._is_past = True
        if self._closing:
            return ""
        return rest.lstrip() if self._thought else rest

    def _opens(self) -> bool:
        text = self._held.lstrip()
        for tag in self._tags:
            if text.startswith(f"<{tag}>"):
                self._held, self._closing = text, f"</{tag}>"
        return bool(self._closing)

    def _may_open(self) -> bool:
        text = self._held.lstrip()
        return any(f"<{tag}>".startswith(text) for tag in self._tags)
