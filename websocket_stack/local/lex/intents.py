"""Intents, slots and interpretations as Lex V2 writes them. Pure.

https://docs.aws.amazon.com/lexv2/latest/dg/lambda-common-structures.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from websocket_stack.local.lex.slot_values import new_slot

FALLBACK_INTENT = "FallbackIntent"


def new_intent(name: str, slots: Mapping[str, str | None] | None = None) -> dict[str, Any]:
    """Return an intent that has just been recognized.

    Args:
        name: the intent's name.
        slots: the value of each of its slots, ``None`` for an empty one.
    """
    return {
        "name": name,
        "slots": {slot: new_slot(value) for slot, value in (slots or {}).items()},
        "state": "InProgress",
        "confirmationState": "None",
    }


def complete_intent(intent: Mapping[str, Any], slot_names: Iterable[str]) -> dict[str, Any]:
    """Return an intent with every member, whatever a client or a Lambda left out.

    "If a slot has not been filled, the value is null":
    https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_Intent.html

    Args:
        intent: the intent, with its name at least.
        slot_names: the slots that it has.
    """
    empty = new_intent(intent["name"], dict.fromkeys(slot_names))
    members = {name: value for name, value in intent.items() if value is not None}
    return empty | members | {"slots": empty["slots"] | members.get("slots", {})}


def interpretations(intent: Mapping[str, Any], confidence: object) -> list[dict[str, Any]]:
    """Return the interpretations of an utterance: its intent first, then the fallback.

    Args:
        intent: the intent that was recognized.
        confidence: a number in events, an object in responses of the API.
    """
    if intent["name"] == FALLBACK_INTENT:
        # It has no nluConfidence.
        return [{"intent": intent, "interpretationSource": "Lex"}]
    fallback = new_intent(FALLBACK_INTENT) | {"state": intent["state"]}
    return [
        {"intent": intent, "interpretationSource": "Lex", "nluConfidence": confidence},
        {"intent": fallback, "interpretationSource": "Lex"},
    ]
