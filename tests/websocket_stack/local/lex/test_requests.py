"""Requests that Lex takes and refuses."""

from __future__ import annotations

from typing import Any

import pytest

from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.lex.requests import session_request, text_request


def refusal(read: Any, body: dict[str, Any]) -> str:
    with pytest.raises(ServiceError) as refused:
        read(body)
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")
    return refused.value.message


def test_a_text_request() -> None:
    state = {
        "sessionAttributes": {"a": "b"},
        "activeContexts": [],
        "intent": {"name": "Book"},
        "dialogAction": {"type": "ElicitSlot", "slotToElicit": "Time"},
    }
    body = {"text": "hello", "sessionState": state, "requestAttributes": {"c": "d"}}

    assert text_request(body) == ("hello", state, {"c": "d"})
    assert text_request({"text": "hello"}) == ("hello", {}, {})


@pytest.mark.parametrize("text", ["x", "x" * 1024, "👋" * 1024])
def test_text_is_counted_in_characters(text: str) -> None:
    assert text_request({"text": text}).text == text


@pytest.mark.parametrize("text", [None, "", "x" * 1025, ["hello"]])
def test_a_text_has_a_length(text: str | list[str] | None) -> None:
    assert refusal(text_request, {"text": text}) == "text must have 1 to 1024 characters"


@pytest.mark.parametrize("attributes", [{"a": 1}, ["a"], "a"])
def test_attributes_are_strings(attributes: str | list[str] | dict[str, int]) -> None:
    of_request = {"text": "a", "requestAttributes": attributes}
    assert refusal(text_request, of_request) == "requestAttributes is not a map of strings"
    of_session = {"text": "a", "sessionState": {"sessionAttributes": attributes}}
    assert refusal(text_request, of_session) == "sessionAttributes is not a map of strings"


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("s", "sessionState is not an object"),
        ({"activeContexts": 5}, "activeContexts is not a list"),
        ({"activeContexts": ""}, "activeContexts is not a list"),
        ({"intent": "FallbackIntent"}, "intent is not an object"),
        ({"intent": {"state": "Failed"}}, "intent.name is missing"),
        ({"intent": {"name": ["A"]}}, "intent.name is missing"),
        ({"dialogAction": ["Close"]}, "dialogAction is not an object"),
        ({"dialogAction": {}}, "dialogAction.type is missing"),
        ({"dialogAction": {"type": "ElicitSlot"}}, "dialogAction.slotToElicit is missing"),
    ],
)
def test_an_invalid_state_is_refused(state: str | dict[str, object], reason: str) -> None:
    message = refusal(text_request, {"text": "a", "sessionState": state})

    assert message.startswith("sessionState") and message.endswith(reason)
    assert refusal(session_request, {"sessionState": state})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "sessionState is missing"),
        ({"sessionState": None}, "sessionState is missing"),
        ({"sessionState": {}, "messages": "hello"}, "messages is not a list"),
    ],
)
def test_put_session_needs_a_state(body: dict[str, Any], reason: str) -> None:
    assert refusal(session_request, body) == reason
