"""Tracebacks that begin with the code of the person who builds the bot."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path

# What loads and calls their code.
_CALLERS = (str(Path(__file__).parent), str(Path(str(importlib.__file__)).parent), "<frozen ")


def traceback_of(error: BaseException) -> str:
    """Return a traceback as Python prints it, without the frames that load and call a function."""
    first = error.__traceback__
    while first is not None and first.tb_frame.f_code.co_filename.startswith(_CALLERS):
        first = first.tb_next
    return "".join(traceback.format_exception(type(error), error, first))
