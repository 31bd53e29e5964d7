"""Code hooks: events compared with recorded ones, and the responses that Lex takes and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fulfillment.lex.events import LexEvent
from tests.websocket_stack.local.handlers import close
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.lex.code_hooks import MAX_RESPONSE_BYTES, hook_event, read_response
from websocket_stack.local.lex.intents import new_intent
from websocket_stack.local.lex.requests import TextRequest
from websocket_stack.local.lex.sessions import LexSession, SessionKey
from websocket_stack.local.lex.slot_values import new_slot

KEY = SessionKey("LOCALBOT01", "TSTALIASID", "en_US", "session-1")
TRACK_ORDER = new_intent("TrackOrder", {"OrderId": "A-17", "City": None})


def event(key: SessionKey = KEY, **request_attributes: str) -> dict[str, Any]:
    """Return an event of a dialog hook."""
    session = LexSession(key, used_at=0.0, attributes={"a": "b"})
    request = TextRequest("track order A-17", {}, request_attributes)
    return hook_event("DialogCodeHook", session, TRACK_ORDER, request)


# --- events


def test_the_event_is_what_the_console_sends() -> None:
    console_event = event(mine="yes")

    assert len(console_event["sessionState"].pop("originatingRequestId")) == 36
    assert console_event == {
        "messageVersion": "1.0",
        "invocationSource": "DialogCodeHook",
        "inputMode": "Text",
        "responseContentType": "text/plain; charset=utf-8",
        "sessionId": "session-1",
        "inputTranscript": "track order A-17",
        "bot": {
            "id": "LOCALBOT01",
            "name": "LocalBot",
            "localeId": "en_US",
            "version": "DRAFT",
            "aliasId": "TSTALIASID",
            "aliasName": "TestBotAlias",
        },
        "interpretations": [
            {"intent": TRACK_ORDER, "interpretationSource": "Lex", "nluConfidence": 1.0},
            {"intent": new_intent("FallbackIntent"), "interpretationSource": "Lex"},
        ],
        "sessionState": {
            "sessionAttributes": {"a": "b"},
            "activeContexts": [],
            "intent": TRACK_ORDER,
        },
        "transcriptions": [
            {
                "transcription": "track order A-17",
                "transcriptionConfidence": 1.0,
                "resolvedContext": {"intent": "TrackOrder"},
                # Empty slots are left out.
                "resolvedSlots": {"OrderId": new_slot("A-17")},
            }
        ],
        "requestAttributes": {"mine": "yes"},
    }


def test_the_event_has_the_keys_of_recorded_ones(
    load_event: Callable[[str], dict[str, Any]],
) -> None:
    recorded = load_event("lex_web_ui_second_turn")
    assert set(event()) == set(recorded)
    assert set(event()["bot"]) == set(recorded["bot"])
    of_intent = load_event("console_test_window")["interpretations"][1]
    assert isinstance(of_intent["nluConfidence"], int | float)


def test_another_alias_is_a_version() -> None:
    bot = event(key=KEY._replace(alias_id="KLMNOPQRST"))["bot"]

    assert (bot["version"], bot["aliasName"], bot["aliasId"]) == ("1", "Local", "KLMNOPQRST")


def test_the_project_reads_the_event() -> None:
    read = LexEvent.from_dict(event())

    assert (read.session_id, read.utterance) == ("session-1", "track order A-17")
    assert read.intent.name == "TrackOrder"
    assert read.is_dialog


# --- responses

INTENT = {"name": "FallbackIntent", "state": "Fulfilled"}
TEXT = {"contentType": "PlainText", "content": "done"}


def checked(response: Any, source: str = "FulfillmentCodeHook") -> Any:
    return read_response(json.dumps(response).encode(), source)


def state(**members: Any) -> dict[str, Any]:
    """Return a response whose session state is a Close with these members instead."""
    return {"sessionState": {"dialogAction": {"type": "Close"}, "intent": INTENT} | members}


def messages(*given: Any) -> dict[str, Any]:
    return state() | {"messages": list(given)}


def refusal(response: bytes, source: str = "FulfillmentCodeHook") -> str:
    with pytest.raises(ServiceError) as refused:
        read_response(response, source)
    assert (refused.value.status, refused.value.code) == (424, "DependencyFailedException")
    assert refused.value.message.startswith("Invalid Lambda Response: ")
    return refused.value.message


def test_a_close_is_taken_as_it_is() -> None:
    result = checked(close("done", {"a": "b"}, requestAttributes={"c": "d"}))

    assert result.action == "Close"
    assert result.messages == [TEXT]
    assert result.session_state["sessionAttributes"] == {"a": "b"}
    assert result.request_attributes == {"c": "d"}


@pytest.mark.parametrize(
    ("response", "source"),
    [
        (state(), "FulfillmentCodeHook"),
        (state() | {"messages": None, "requestAttributes": None}, "FulfillmentCodeHook"),
        (state(sessionAttributes=None), "FulfillmentCodeHook"),
        (state(activeContexts=[]), "FulfillmentCodeHook"),
        (state() | {"new": "is ignored"}, "FulfillmentCodeHook"),
        (state(dialogAction={"type": "Delegate"}), "DialogCodeHook"),
        (state(dialogAction={"type": "ElicitSlot", "slotToElicit": "Size"}), "DialogCodeHook"),
        (
            {
                "sessionState": {"dialogAction": {"type": "ElicitIntent"}},
                "messages": [{"contentType": "SSML", "content": "<speak/>"}],
            },
            "FulfillmentCodeHook",
        ),
        (
            state(dialogAction={"type": "ConfirmIntent"}) | {"messages": [TEXT]},
            "DialogCodeHook",
        ),
        (messages(*[TEXT] * 10), "FulfillmentCodeHook"),
        (messages({"contentType": "CustomPayload", "content": "{}"}), "FulfillmentCodeHook"),
        (
            messages({"contentType": "ImageResponseCard", "imageResponseCard": {"title": "T"}}),
            "FulfillmentCodeHook",
        ),
    ],
)
def test_a_documented_response_is_read(response: dict[str, Any], source: str) -> None:
    expected = response["sessionState"]["dialogAction"]["type"]

    assert checked(response, source).action == expected


@pytest.mark.parametrize(
    "intent_state",
    ["Failed", "Fulfilled", "FulfillmentInProgress", "InProgress"]
    + ["ReadyForFulfillment", "Waiting"],
)
def test_every_state_of_an_intent_is_taken(intent_state: str) -> None:
    assert checked(state(intent={"name": "FallbackIntent", "state": intent_state}))


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        # --- the whole
        (None, "sessionState is missing"),
        ("done", "sessionState is missing"),
        ([], "sessionState is missing"),
        ({}, "sessionState is missing"),
        ({"sessionState": None}, "sessionState is missing"),
        ({"sessionState": "Close"}, "sessionState is missing"),
        # --- dialogAction
        ({"sessionState": {"intent": INTENT}}, "dialogAction.type"),
        (state(dialogAction=None), "dialogAction.type"),
        (state(dialogAction={}), "dialogAction.type"),
        (state(dialogAction="Close"), "dialogAction.type"),
        (state(dialogAction={"type": "close"}), "dialogAction.type"),
        (state(dialogAction={"type": ["Close"]}), "dialogAction.type"),
        (state(dialogAction={"type": "ElicitSlot"}), "slotToElicit is missing"),
        (state(dialogAction={"type": "ElicitSlot", "slotToElicit": ""}), "slotToElicit is missing"),
        (state(dialogAction={"type": "ElicitIntent"}), "messages are required"),
        (state(dialogAction={"type": "ConfirmIntent"}), "messages are required"),
        (state(dialogAction={"type": "Delegate"}), "cannot return Delegate"),
        # --- intent
        ({"sessionState": {"dialogAction": {"type": "Close"}}}, "intent.name is missing"),
        (state(intent=None), "intent.name is missing"),
        (state(intent="FallbackIntent"), "intent.name is missing"),
        (state(intent={"state": "Fulfilled"}), "intent.name is missing"),
        (state(intent={"name": "", "state": "Fulfilled"}), "intent.name is missing"),
        (state(intent={"name": "FallbackIntent"}), "intent.state"),
        (state(intent={"name": "FallbackIntent", "state": "Done"}), "intent.state"),
        (state(intent={"name": "FallbackIntent", "state": ["Failed"]}), "intent.state"),
        # --- maps of strings
        (state(sessionAttributes={"count": 1}), "sessionState.sessionAttributes"),
        (state(sessionAttributes={"none": None}), "sessionState.sessionAttributes"),
        (state(sessionAttributes={"": "no key"}), "sessionState.sessionAttributes"),
        (state(sessionAttributes=["a"]), "sessionState.sessionAttributes"),
        (state() | {"requestAttributes": {"count": 1}}, "requestAttributes"),
        (state() | {"requestAttributes": "a"}, "requestAttributes"),
        (state(activeContexts="a"), "activeContexts"),
        (state(activeContexts=5), "activeContexts"),
        # --- messages
        (state() | {"messages": "done"}, "messages is not a list"),
        (state() | {"messages": TEXT}, "messages is not a list"),
        (messages(*[TEXT] * 11), "at most 10"),
        (messages("done"), "a message is not an object"),
        (messages(TEXT, None), "a message is not an object"),
        (messages({"content": "done"}), "contentType"),
        (messages({"contentType": "Markdown", "content": "done"}), "contentType"),
        (messages({"contentType": ["PlainText"], "content": "done"}), "contentType"),
        (messages({"contentType": "PlainText"}), "not a non-empty string"),
        (messages({"contentType": "PlainText", "content": ""}), "not a non-empty string"),
        (messages({"contentType": "PlainText", "content": 1}), "not a non-empty string"),
        (messages({"contentType": "ImageResponseCard"}), "title is missing"),
        (
            messages({"contentType": "ImageResponseCard", "imageResponseCard": {"title": ""}}),
            "title is missing",
        ),
        (
            messages({"contentType": "ImageResponseCard", "imageResponseCard": "card"}),
            "title is missing",
        ),
    ],
)
def test_an_invalid_response_is_refused(response: Any, reason: str) -> None:
    assert reason in refusal(json.dumps(response).encode())


def test_a_response_has_a_largest_size() -> None:
    empty = len(json.dumps(close("")))
    largest = json.dumps(close("x" * (MAX_RESPONSE_BYTES - empty))).encode()

    assert len(largest) == 51_200
    assert read_response(largest, "FulfillmentCodeHook").action == "Close"
    assert "exceeds the maximum size (51201 vs. 51200)" in refusal(largest + b" ")


def test_the_size_is_counted_in_bytes() -> None:
    response = json.dumps(close("ü" * 26_000), ensure_ascii=False).encode()

    assert "exceeds the maximum size" in refusal(response)
