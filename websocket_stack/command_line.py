"""How a command talks to the person who runs it: lines, questions, failures in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass


class CommandFailed(Exception):
    """The command cannot go on; the message is one line that says why and what to do."""


def print_error(command: str, message: object) -> None:
    """Write to standard error what went wrong in a command."""
    sys.stderr.write(f"{command}: {message}\n")


def print_line(line: str) -> None:
    """Write a line to standard output at once, also where that is a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Console:
    """Where a command writes its lines and asks its questions.

    Args:
        yes: answers each question with yes, without asking.
        say: writes a line.
        ask: asks a question and returns the answer.
    """

    yes: bool = False
    say: Callable[[str], None] = print_line
    ask: Callable[[str], str] = input

    def confirms(self, question: str) -> bool:
        """Ask a question and return whether the answer is yes.

        Raises:
            CommandFailed: there is no terminal, so that nothing is done.
        """
        if self.yes:
            return True
        try:
            return self.ask(f"{question} [y/N] ").strip().lower() in ("y", "yes")
        except EOFError:
            self.say("")  # ends the question's line
            raise CommandFailed(
                "there is no terminal to ask on, so nothing was done; --yes goes on without asking"
            ) from None


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
