"""What Lex takes of a Lambda's response, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from handlers import close

from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.lex.responses import MAX_RESPONSE_BYTES, check

INTENT = {"name": "FallbackIntent", "state": "Fulfilled"}
TEXT = {"contentType": "PlainText", "content": "done"}


def checked(response: Any, source: str = "FulfillmentCodeHook") -> Any:
    return check(json.dumps(response).encode(), source)


def state(**members: Any) -> dict[str, Any]:
    """Return a response whose session state is a Close with these members instead."""
    return {"sessionState": {"dialogAction": {"type": "Close"}, "intent": INTENT} | members}


def messages(*given: Any) -> dict[str, Any]:
    return state() | {"messages": list(given)}


def refusal(response: bytes, source: str = "FulfillmentCodeHook") -> str:
    with pytest.raises(ServiceError) as refused:
        check(response, source)
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
def test_what_lex_documents_is_taken(response, source) -> None:
    expected = response["sessionState"]["dialogAction"]["type"]

    assert checked(response, source).action == expected


@pytest.mark.parametrize(
    "intent_state",
    ["Failed", "Fulfilled", "FulfillmentInProgress", "InProgress"]
    + ["ReadyForFulfillment", "Waiting"],
)
def test_every_state_of_an_intent_is_taken(intent_state) -> None:
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
def test_what_lex_refuses_is_refused_with_the_reason(response, reason) -> None:
    assert reason in refusal(json.dumps(response).encode())


def test_a_response_of_the_largest_size_is_taken_and_one_byte_more_is_not() -> None:
    empty = len(json.dumps(close("")))
    largest = json.dumps(close("x" * (MAX_RESPONSE_BYTES - empty))).encode()

    assert len(largest) == 51_200
    assert check(largest, "FulfillmentCodeHook").action == "Close"
    assert "exceeds the maximum size (51201 vs. 51200)" in refusal(largest + b" ")


def test_the_size_is_counted_in_bytes() -> None:
    response = json.dumps(close("ü" * 26_000), ensure_ascii=False).encode()

    assert "exceeds the maximum size" in refusal(response)
