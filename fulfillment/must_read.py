"""Chunks that warn if they are never read, since the generator behind them would never run."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from types import FrameType
from typing import Any


class MustRead(Generator[str, None, None]):
    """Chunks as they are, with a warning that names who forgot ``yield from``.

    Args:
        chunks: what is to be read.
        call: the call that returned them, as its caller writes it.
        caller: the frame of the function that made the call.

    Attributes:
        call: the call that returned them.
    """

    def __init__(self, chunks: Generator[str, None, None], call: str, caller: FrameType) -> None:
        self._chunks = chunks
        self.call = call
        self._function = caller.f_code.co_name
        self._place = (caller.f_code.co_filename, caller.f_lineno)
        self._is_read = False

    def send(self, value: None) -> str:
        """Return the next chunk."""
        self._is_read = True
        return self._chunks.send(value)

    def throw(self, *error: Any) -> str:
        """Raise an error where the chunks are made, as ``close`` does."""
        self._is_read = True
        return self._chunks.throw(*error)

    def __del__(self) -> None:
        if not self._is_read:
            warnings.warn_explicit(
                f"{self._function} called {self.call} and never read what it returned, so that"
                f" nothing came of it. Write: yield from {self.call}",
                RuntimeWarning,
                *self._place,
            )
