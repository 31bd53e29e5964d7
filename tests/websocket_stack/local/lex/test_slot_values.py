"""What fills a slot: anything, or the values of its type."""

from __future__ import annotations

from typing import Any

import pytest

from websocket_stack.lex_bot.description import SlotType
from websocket_stack.local.lex.slot_values import filled, new_slot

VALUES = {"large": ["big", "XL"], "small": ["no"]}


@pytest.mark.parametrize(
    ("text", "value"),
    [("large", "large"), ("Large.", "large"), ("BIG!", "large"), ("xl", "large"), ("no", "small")],
)
def test_a_value_or_synonym_is_resolved(text: Any, value: str) -> None:
    assert filled(text, SlotType(values=VALUES, restricted=True)) == new_slot(text, value, [value])
    # Of a type that is not restricted, Lex takes what was text.
    assert filled(text, SlotType(values=VALUES)) == new_slot(text, text, [value])


@pytest.mark.parametrize("text", ["medium", "very large", "larg"])
def test_anything_else_fills_no_slot_of_a_restricted_type(text: Any) -> None:
    assert filled(text, SlotType(values=VALUES, restricted=True)) is None
    assert filled(text, SlotType(values=VALUES)) == new_slot(text, text, [])


def test_a_built_in_type_takes_any_text() -> None:
    assert filled("next Friday", None) == new_slot("next Friday")
