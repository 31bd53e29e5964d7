"""Lambda events of Lex, beside recorded ones and Lex's own model."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from fulfillment.lex.events import LexEvent
from websocket_stack.local.lex import code_hooks as hook_events
from websocket_stack.local.lex.code_hooks import SessionKey

KEY = SessionKey("LOCALBOT01", "TSTALIASID", "en_US", "session-1")
TRACKED = hook_events.intent_of("TrackOrder", {"OrderId": "A-17", "City": None})
ORDER_ID = {
    "shape": "Scalar",
    "value": {"originalValue": "A-17", "interpretedValue": "A-17", "resolvedValues": ["A-17"]},
}


def event(
    intent: dict[str, Any] = TRACKED, key: SessionKey = KEY, **attributes: str
) -> dict[str, Any]:
    return hook_events.code_hook(
        key, "DialogCodeHook", "track order A-17", intent, {"a": "b"}, [], attributes
    )


def test_an_intent_that_was_understood_holds_what_was_said() -> None:
    assert TRACKED == {
        "name": "TrackOrder",
        "slots": {"OrderId": ORDER_ID, "City": None},
        "state": "InProgress",
        "confirmationState": "None",
    }


def test_an_event_holds_the_intent_wherever_lex_puts_it() -> None:
    made = event()
    assert made["sessionState"]["intent"] == TRACKED
    assert made["interpretations"][0] == {
        "intent": TRACKED,
        "interpretationSource": "Lex",
        "nluConfidence": 1.0,
    }
    # The slots that were heard, and not those that are empty.
    assert made["transcriptions"] == [
        {
            "transcription": "track order A-17",
            "transcriptionConfidence": 1.0,
            "resolvedContext": {"intent": "TrackOrder"},
            "resolvedSlots": {"OrderId": ORDER_ID},
        }
    ]


def test_the_fallback_is_what_else_it_might_have_been_and_has_no_confidence() -> None:
    first, second = hook_events.interpretations_of(TRACKED | {"state": "ReadyForFulfillment"})
    assert first["intent"]["name"] == "TrackOrder"
    assert second == {
        "intent": {
            "name": "FallbackIntent",
            "slots": {},
            "state": "ReadyForFulfillment",
            "confirmationState": "None",
        },
        "interpretationSource": "Lex",
    }


def test_the_fallback_itself_is_alone() -> None:
    fallback = hook_events.intent_of("FallbackIntent")
    assert hook_events.interpretations_of(fallback) == [
        {"intent": fallback, "interpretationSource": "Lex"}
    ]


def test_confidence_is_a_number_in_events_as_in_recorded_ones(load_event) -> None:
    recorded = load_event("console_test_window")["interpretations"][1]
    made = event()["interpretations"][0]
    assert isinstance(recorded["nluConfidence"], int | float)
    assert isinstance(made["nluConfidence"], float)


def test_what_the_api_returns_suits_lexs_own_model() -> None:
    shape = Session().get_service_model("lexv2-runtime").shape_for("RecognizeTextResponse")
    response = {
        "messages": [],
        "sessionState": {"intent": TRACKED, "activeContexts": [], "sessionAttributes": {}},
        "interpretations": hook_events.interpretations_of(TRACKED, {"score": 1.0}),
    }
    # Slots are absent where the model has no null.
    without_null = json.loads(json.dumps(response), object_hook=_without_null)
    assert not ParamValidator().validate(without_null, shape).has_errors()
    with_number = dict(without_null, interpretations=event()["interpretations"][:1])
    assert ParamValidator().validate(with_number, shape).has_errors()


def test_an_event_has_the_keys_of_recorded_ones(load_event) -> None:
    recorded = load_event("lex_web_ui_second_turn")
    made = event(kept="yes")
    assert made.keys() - recorded.keys() == {"requestAttributes"}
    assert recorded.keys() <= made.keys()
    assert recorded["bot"].keys() == made["bot"].keys()


def test_request_attributes_are_absent_where_there_are_none() -> None:
    assert "requestAttributes" not in event()
    assert event(a="b")["requestAttributes"] == {"a": "b"}


@pytest.mark.parametrize(
    ("alias_id", "version", "name"),
    [("TSTALIASID", "DRAFT", "TestBotAlias"), ("KLMNOPQRST", "1", "Local")],
)
def test_the_test_alias_is_the_draft(alias_id, version, name) -> None:
    bot = event(key=KEY._replace(alias_id=alias_id))["bot"]
    assert (bot["version"], bot["aliasName"], bot["aliasId"]) == (version, name, alias_id)


def test_the_project_reads_the_event() -> None:
    read = LexEvent.from_dict(event())
    assert (read.session_id, read.utterance) == ("session-1", "track order A-17")
    assert read.intent.name == "TrackOrder"
    assert read.is_dialog


@pytest.mark.parametrize(
    "given",
    [
        {"name": "TrackOrder", "state": "Fulfilled"},
        {"name": "TrackOrder", "state": "Fulfilled", "slots": {}},
        {"name": "TrackOrder", "state": "Fulfilled", "slots": None, "confirmationState": None},
    ],
)
def test_an_intent_is_completed_with_what_was_left_out(given) -> None:
    assert hook_events.completed(given, ["OrderId"]) == {
        "name": "TrackOrder",
        "slots": {"OrderId": None},
        "state": "Fulfilled",
        "confirmationState": "None",
    }


def test_what_an_intent_has_is_kept() -> None:
    given = TRACKED | {"confirmationState": "Denied", "kendraResponse": {"a": 1}}
    assert hook_events.completed(given, ["OrderId", "City", "Day"]) == given | {
        "slots": {"OrderId": ORDER_ID, "City": None, "Day": None}
    }


def _without_null(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
