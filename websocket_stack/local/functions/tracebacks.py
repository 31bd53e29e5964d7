"""Tracebacks that begin with the code of the person who builds the bot."""

from __future__ import annotations

import importlib
import sysconfig
import traceback
from pathlib import Path

import fulfillment

# What loads and calls their code.
_CALLERS = (str(Path(__file__).parent), str(Path(str(importlib.__file__)).parent), "<frozen ")

_PACKAGES = (str(Path(fulfillment.__file__).parent), str(Path(__file__).parents[2]))
_NOT_THEIRS = (*_PACKAGES, *(sysconfig.get_path(name) for name in ("stdlib", "purelib")), "<")


def traceback_of(error: BaseException) -> str:
    """Return a traceback as Python prints it, without the frames that load and call a function."""
    first = error.__traceback__
    while first is not None and first.tb_frame.f_code.co_filename.startswith(_CALLERS):
        first = first.tb_next
    return "".join(traceback.format_exception(type(error), error, first))


def place_of(error: BaseException) -> str:
    """Return the last line of the builder's own that an error came through, or nothing."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [each for each in frames if not each.filename.startswith(_NOT_THEIRS)]
    return f"{Path(theirs[-1].filename).name}, line {theirs[-1].lineno}" if theirs else ""
