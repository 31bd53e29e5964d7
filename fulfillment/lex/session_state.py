"""The parts of a session that go back to Lex as they came: attributes, slots, contexts. Pure.

Whatever came in, everything that is returned from here is accepted by Lex.
https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_SessionState.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TypeAlias, TypeGuard

from fulfillment.lex.limits import (
    MAX_CONTEXT_ATTRIBUTES,
    MAX_CONTEXT_NAME,
    MAX_CONTEXT_SECONDS,
    MAX_CONTEXT_TEXT,
    MAX_CONTEXT_TURNS,
    MAX_CONTEXTS,
    MIN_CONTEXT_SECONDS,
)
from fulfillment.text import MAX_LEVELS, repair_surrogates

Json: TypeAlias = "str | int | float | bool | None | Sequence[Json] | Mapping[str, Json]"

# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_ActiveContext.html
SHOWN_BY_LEX_WEB_UI = frozenset({"altMessages", "responseCard"})
CONTEXT_NAME = re.compile(r"(?=.{1,100}\Z)([A-Za-z0-9]_?)+")


def texts_of(values: object) -> dict[str, str]:
    """Return a map of texts: what is null is left out, and what is no text becomes JSON."""
    if not isinstance(values, Mapping):
        return {}
    texts = {name: _text_of(value) for name, value in values.items()}
    return {
        repair_surrogates(str(name)): text
        for name, text in texts.items()
        if str(name) and text is not None
    }


def session_attributes_of(values: object) -> dict[str, str]:
    """Return the session attributes of an event, without what an earlier turn had shown.

    Lex Web UI shows the ``altMessages`` of its ``appContext`` instead of each reply, and its
    ``responseCard`` below; Lex keeps both until somebody sets something else (actions.js).
    """
    texts = texts_of(values)
    try:
        context = json.loads(texts.get("appContext", ""))
    except (ValueError, RecursionError):
        return texts
    if isinstance(context, dict) and not SHOWN_BY_LEX_WEB_UI.isdisjoint(context):
        others = {name: each for name, each in context.items() if name not in SHOWN_BY_LEX_WEB_UI}
        texts["appContext"] = json.dumps(others)
    return texts


def slots_of(slots: object, levels: int = MAX_LEVELS) -> dict[str, Json]:
    """Return the slots of an intent; what is no slot, or nested too deeply, is an empty one."""
    if not isinstance(slots, Mapping):
        return {}
    return {
        repair_surrogates(name): _slot_of(slot, levels)
        for name, slot in slots.items()
        if isinstance(name, str) and name
    }


def contexts_of(contexts: object) -> Sequence[Json]:
    """Return the active contexts, without those that are over or not what Lex sends."""
    if not isinstance(contexts, list):
        return ()
    found = [_context_of(context) for context in contexts]
    return [context for context in found if context][:MAX_CONTEXTS]


def _text_of(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else repair_surrogates(value)
    try:
        return json.dumps(value, default=str)
    except (TypeError, ValueError, RecursionError):
        return None


def _slot_of(slot: object, levels: int) -> Json:
    if not isinstance(slot, Mapping) or levels == 0:
        return None
    known: dict[str, Json] = {}
    if slot.get("shape") in ("Scalar", "List", "Composite"):
        known["shape"] = slot["shape"]
    if (value := _value_of(slot.get("value"))) is not None:
        known["value"] = value
    if isinstance(values := slot.get("values"), list):
        # An element of which nothing was understood is one all the same.
        known["values"] = [_slot_of(each, levels - 1) or {} for each in values]
    if isinstance(parts := slot.get("subSlots"), Mapping):
        known["subSlots"] = slots_of(parts, levels - 1)
    return known


def _value_of(value: object) -> Json:
    if not isinstance(value, Mapping):
        return None
    known: dict[str, Json] = {
        name: repair_surrogates(text)
        for name in ("originalValue", "interpretedValue")
        if isinstance(text := value.get(name), str) and text
    }
    resolved: list[Json] = []
    if isinstance(values := value.get("resolvedValues"), list):
        resolved = [repair_surrogates(each) for each in values if isinstance(each, str) and each]
        known["resolvedValues"] = resolved
    # Lex requires it.
    for likeliest in (known.get("originalValue"), *resolved):
        if likeliest:
            known.setdefault("interpretedValue", likeliest)
    return known if "interpretedValue" in known else None


def _context_of(context: object) -> dict[str, Json] | None:
    values = context if isinstance(context, Mapping) else {}
    name, life = values.get("name"), values.get("timeToLive")
    if not isinstance(name, str) or not CONTEXT_NAME.fullmatch(name):
        return None
    seconds, turns = (
        int(left) if isinstance(life, Mapping) and _is_number(left := life.get(each)) else 0
        for each in ("timeToLiveInSeconds", "turnsToLive")
    )
    if seconds < 1 or turns < 1:
        return None
    attributes = texts_of(values.get("contextAttributes"))
    fitting = {
        name: text
        for name, text in attributes.items()
        if len(name) <= MAX_CONTEXT_NAME and 1 <= len(text) <= MAX_CONTEXT_TEXT
    }
    return {
        "name": name,
        "timeToLive": {
            "timeToLiveInSeconds": min(max(seconds, MIN_CONTEXT_SECONDS), MAX_CONTEXT_SECONDS),
            "turnsToLive": min(turns, MAX_CONTEXT_TURNS),
        },
        "contextAttributes": dict(list(fitting.items())[:MAX_CONTEXT_ATTRIBUTES]),
    }


def _is_number(value: object) -> TypeGuard[int | float]:
    # A boolean is an int, and neither NaN nor infinity is one.
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
