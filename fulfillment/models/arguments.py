"""The arguments of a tool call, as a model writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn


def arguments_in(text: str) -> Mapping[str, object] | None:
    """Return the JSON object that a model wrote, ``None`` if it is none.

    A model that has no arguments to give may write nothing at all.
    """
    if not text.strip():
        return {}
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(constant: str) -> NoReturn:
    # NaN and the infinities, which Python reads and JSON does not have: no service takes them back.
    raise ValueError(constant)
