"""The file of a Lex bot, read again whenever it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from websocket_stack.lex_bot.description import BotDescription, Locale
from websocket_stack.lex_bot.reading import BotFileError, read


class BotFile(Mapping[str, Locale]):
    """A bot's locales, as its file has them now.

    Args:
        path: a YAML file.
        problems_of: returns what is wrong with a bot that the file may describe, a line each.
        report: is told of each change, a line at a time.

    Attributes:
        description: the bot, as it was last read. A change that is a mistake leaves it as it was.

    Raises:
        BotFileError: the file cannot be read, or Lex would not take what is in it.
    """

    def __init__(
        self,
        path: Path,
        problems_of: Callable[[BotDescription], Sequence[str]],
        report: Callable[[str], None],
    ) -> None:
        self._path = path
        self._problems_of = problems_of
        self._report = report
        self._changed_at = self._time()
        self.description = read(path, self._warn)

    def __getitem__(self, locale: str) -> Locale:
        return self._locales()[locale]

    def __iter__(self) -> Iterator[str]:
        return iter(self._locales())

    def __len__(self) -> int:
        return len(self._locales())

    def _locales(self) -> Mapping[str, Locale]:
        changed_at = self._time()
        # An editor may be replacing it.
        if changed_at is not None and changed_at != self._changed_at:
            self._changed_at = changed_at
            self._read_again()
        return self.description.locales

    def _read_again(self) -> None:
        try:
            description = read(self._path, self._warn)
        except BotFileError as exc:
            self._report(f"Warning: {exc}; until that is repaired, the intents stay as they were")
            return
        self.description = description
        self._report(f"{self._path} was read again")
        for problem in self._problems_of(self.description):
            self._warn(problem)

    def _warn(self, problem: str) -> None:
        self._report(f"Warning: {problem}")

    def _time(self) -> int | None:
        with suppress(OSError):
            return self._path.stat().st_mtime_ns
        return None
