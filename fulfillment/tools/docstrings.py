"""Reads a Google-style docstring: what a thing does, and what each of its arguments is. Pure."""

from __future__ import annotations

import inspect
import re

SECTION = re.compile(r"(Args|Arguments|Attributes):\s*")
ENTRY = re.compile(r"(\w+)\s*(?:\(.*?\))?:\s*(.*)")


def summary(docstring: str) -> str:
    """Return the first paragraph on one line; empty if a section comes first."""
    paragraph = inspect.cleandoc(docstring).partition("\n\n")[0]
    return "" if SECTION.match(paragraph) else _on_one_line(paragraph)


def descriptions(docstring: str) -> dict[str, str]:
    """Return the entries of the ``Args:`` or ``Attributes:`` section, by name."""
    entries: dict[str, str] = {}
    name = ""
    for line in _section(docstring):
        if entry := ENTRY.fullmatch(line):
            name, entries[entry[1]] = entry[1], entry[2]
        elif name and line.startswith(" "):
            entries[name] += f" {line}"
    return {name: _on_one_line(text) for name, text in entries.items()}


def _section(docstring: str) -> list[str]:
    """Return the lines of the section, those that begin an entry without indentation."""
    lines = inspect.cleandoc(docstring).splitlines()
    starts = [number for number, line in enumerate(lines) if SECTION.fullmatch(line)]
    if not starts:
        return []
    body = lines[starts[0] + 1 :]
    ends = (number for number, line in enumerate(body) if line and not line.startswith(" "))
    # The empty first line is the one that cleandoc takes no indentation from.
    return inspect.cleandoc("\n".join(["", *body[: next(ends, len(body))]])).splitlines()


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
