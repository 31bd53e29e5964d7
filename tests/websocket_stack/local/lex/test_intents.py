"""Intents, slots and interpretations, compared with Lex's own model."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from websocket_stack.local.lex.intents import (
    complete_intent,
    interpretations,
    new_intent,
)
from websocket_stack.local.lex.slot_values import new_slot

TRACK_ORDER = new_intent("TrackOrder", {"OrderId": "A-17", "City": None})


def test_a_new_intent() -> None:
    assert TRACK_ORDER == {
        "name": "TrackOrder",
        "slots": {"OrderId": new_slot("A-17"), "City": None},
        "state": "InProgress",
        "confirmationState": "None",
    }
    assert new_slot("A-17") == {
        "shape": "Scalar",
        "value": {"originalValue": "A-17", "interpretedValue": "A-17", "resolvedValues": ["A-17"]},
    }


@pytest.mark.parametrize("members", [{}, {"slots": {}}, {"slots": None, "confirmationState": None}])
def test_an_intent_is_completed(members: dict[str, Any]) -> None:
    intent = {"name": "TrackOrder", "state": "Fulfilled", **members}

    assert complete_intent(intent, ["OrderId"]) == {
        "name": "TrackOrder",
        "slots": {"OrderId": None},
        "state": "Fulfilled",
        "confirmationState": "None",
    }


def test_completing_an_intent_keeps_its_members() -> None:
    intent = TRACK_ORDER | {"confirmationState": "Denied", "kendraResponse": {"a": 1}}

    assert complete_intent(intent, ["OrderId", "City", "Day"]) == intent | {
        "slots": {"OrderId": new_slot("A-17"), "City": None, "Day": None}
    }


def test_the_fallback_follows_an_intent() -> None:
    first, second = interpretations(TRACK_ORDER | {"state": "ReadyForFulfillment"}, 1.0)

    assert (first["intent"]["name"], first["nluConfidence"]) == ("TrackOrder", 1.0)
    assert second == {
        "intent": new_intent("FallbackIntent") | {"state": "ReadyForFulfillment"},
        "interpretationSource": "Lex",
    }


def test_the_fallback_itself_is_alone() -> None:
    fallback = new_intent("FallbackIntent")

    assert interpretations(fallback, 1.0) == [{"intent": fallback, "interpretationSource": "Lex"}]


@pytest.mark.parametrize(("confidence", "is_valid"), [({"score": 1.0}, True), (1.0, False)])
def test_interpretations_fit_lexs_own_model(
    confidence: float | dict[str, float], is_valid: bool
) -> None:
    """boto3's parser fails on a number there, with an AttributeError."""
    shape = Session().get_service_model("lexv2-runtime").shape_for("RecognizeTextResponse")
    response = {
        "messages": [],
        "sessionState": {"intent": TRACK_ORDER, "activeContexts": [], "sessionAttributes": {}},
        "interpretations": interpretations(TRACK_ORDER, confidence),
    }
    # Slots are absent where the model has no null.
    without_null = json.loads(json.dumps(response), object_hook=_without_null)
    assert ParamValidator().validate(without_null, shape).has_errors() is not is_valid


def _without_null(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
