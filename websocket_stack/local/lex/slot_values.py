"""What fills a slot, of what a user says. Pure.

Built-in slot types take any text here, where Lex looks for a number, a date or a name in it.
https://docs.aws.amazon.com/lexv2/latest/APIReference/API_SlotValueSelectionSetting.html
"""

from __future__ import annotations

from typing import Any

from websocket_stack.lex_bot.description import SlotType
from websocket_stack.local.lex.folding import fold


def new_slot(
    value: str | None, interpreted: str | None = None, resolved: list[str] | None = None
) -> dict[str, Any] | None:
    """Return a slot as events hold it.

    Args:
        value: what the user wrote; ``None`` for an empty slot.
        interpreted: what Lex takes it for; by default the same.
        resolved: the values of its type that it may stand for; by default what it is taken for.
    """
    if value is None:
        return None
    interpreted = value if interpreted is None else interpreted
    return {
        "shape": "Scalar",
        "value": {
            "originalValue": value,
            "interpretedValue": interpreted,
            "resolvedValues": [interpreted] if resolved is None else resolved,
        },
    }


def filled(text: str, slot_type: SlotType | None) -> dict[str, Any] | None:
    """Return the slot that a user fills, or ``None`` where it stays empty.

    Args:
        text: what the user wrote for it.
        slot_type: the slot's type; ``None`` for a built-in one.
    """
    if slot_type is None:
        return new_slot(text)
    folded = fold(text).folded
    for value, synonyms in slot_type.values.items():
        if folded in (fold(each).folded for each in (value, *synonyms)):
            return new_slot(text, value if slot_type.restricted else text, [value])
    return None if slot_type.restricted else new_slot(text, text, [])
