"""Requests of Lex Runtime V2 as they are checked before anything is done. Pure.

https://docs.aws.amazon.com/lexv2/latest/APIReference/API_Operations_Amazon_Lex_Runtime_V2.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from websocket_stack.local.aws_json import ServiceError

MAX_TEXT_CHARACTERS = 1024


class TextRequest(NamedTuple):
    """A RecognizeText request."""

    text: str
    session_state: Mapping[str, Any]
    request_attributes: Mapping[str, str]


class SessionRequest(NamedTuple):
    """A PutSession request."""

    session_state: Mapping[str, Any]
    messages: list[dict[str, Any]]


def text_request(body: Mapping[str, Any]) -> TextRequest:
    """Read a RecognizeText request.

    Raises:
        ServiceError: 400, it is invalid.
    """
    text = body.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= MAX_TEXT_CHARACTERS:
        raise invalid(f"text must have 1 to {MAX_TEXT_CHARACTERS} characters")
    return TextRequest(text, _session_state(body), _strings(body, "requestAttributes"))


def session_request(body: Mapping[str, Any]) -> SessionRequest:
    """Read a PutSession request.

    Raises:
        ServiceError: 400, it is invalid.
    """
    if not isinstance(body.get("sessionState"), dict):
        raise invalid("sessionState is missing")
    messages = body.get("messages") or []
    if not isinstance(messages, list):
        raise invalid("messages is not a list")
    return SessionRequest(_session_state(body), messages)


def invalid(message: str) -> ServiceError:
    """Return the refusal of a request."""
    return ServiceError(400, "ValidationException", message)


def _session_state(body: Mapping[str, Any]) -> dict[str, Any]:
    state = body.get("sessionState") or {}
    if not isinstance(state, dict):
        raise invalid("sessionState is not an object")
    _strings(state, "sessionAttributes")
    contexts = state.get("activeContexts")
    if contexts is not None and not isinstance(contexts, list):
        raise invalid("sessionState.activeContexts is not a list")
    _check_object(state, "intent", "name")
    _check_object(state, "dialogAction", "type")
    action = state.get("dialogAction") or {}
    if action.get("type") == "ElicitSlot" and not isinstance(action.get("slotToElicit"), str):
        raise invalid("sessionState.dialogAction.slotToElicit is missing")
    return state


def _check_object(state: Mapping[str, Any], name: str, required: str) -> None:
    value = state.get(name)
    if value is None:
        return
    if not isinstance(value, dict):
        raise invalid(f"sessionState.{name} is not an object")
    if not isinstance(value.get(required), str):
        raise invalid(f"sessionState.{name}.{required} is missing")


def _strings(holder: Mapping[str, Any], name: str) -> dict[str, str]:
    values = holder.get(name) or {}
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise invalid(f"{name} is not a map of strings")
    return values
