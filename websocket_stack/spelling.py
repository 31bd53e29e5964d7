"""Guesses what was meant by a name that is unknown. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the name that was probably meant, whatever its case, or ``None``.

    Args:
        name: what was written.
        known: the names that there are.
        likeness: how alike the two must be, from 0 to 1.
    """
    folded = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), folded, 1, likeness)
    return folded[near[0]] if near else None


def hint(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that asks whether another name was meant, or nothing."""
    near = nearest(name, known)
    return f"; is {near} meant?" if near else ""
