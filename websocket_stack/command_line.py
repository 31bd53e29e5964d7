"""What the scripts say to people, and ask them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Console:
    """Takes how a line is said and how a question is asked; ``yes`` answers each without asking."""

    yes: bool = False
    say: Callable[[str], None] = _say
    ask: Callable[[str], str] = input

    def confirms(self, question: str) -> bool:
        """Ask, and say whether the answer is yes; nobody to ask is no."""
        if self.yes:
            return True
        try:
            return self.ask(f"{question} [y/N] ").strip().lower() in ("y", "yes")
        except EOFError:
            self.say("nobody to ask; --yes goes on without asking")
            return False


def complain(script: str, line: str) -> None:
    """Say what went wrong, on standard error."""
    sys.stderr.write(f"{script}: {line}\n")


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows as lines with their columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
