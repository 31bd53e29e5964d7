"""What Lex V2 makes of a Lambda's response: checks it and takes from it what it keeps.

https://docs.aws.amazon.com/lexv2/latest/dg/lambda-response-format.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from websocket_stack.local.aws_json import ServiceError

# Lex V1 documents 25 KB; what is known of V2 says 50 KB. The limits here are the laxer ones, so
# that nothing is refused that Lex takes.
# https://docs.aws.amazon.com/lex/latest/dg/gl-limits.html
MAX_RESPONSE_BYTES = 50 * 1024
MAX_MESSAGES = 10

DIALOG_ACTIONS = ("Close", "ConfirmIntent", "Delegate", "ElicitIntent", "ElicitSlot")
INTENT_STATES = (
    "Failed",
    "Fulfilled",
    "FulfillmentInProgress",
    "InProgress",
    "ReadyForFulfillment",
    "Waiting",
)
TEXT_TYPES = ("CustomPayload", "PlainText", "SSML")


class HookResult(NamedTuple):
    """A checked response."""

    action: str
    session_state: Mapping[str, Any]
    messages: list[dict[str, Any]]
    request_attributes: Mapping[str, str]


def dependency_failed(reason: str) -> ServiceError:
    """Return the error that a client gets when the Lambda did not do its part."""
    return ServiceError(424, "DependencyFailedException", reason)


def check(response: bytes, invocation_source: str) -> HookResult:
    """Check a Lambda's response.

    Raises:
        ServiceError: ``DependencyFailedException``, says what is wrong with it.
    """
    if len(response) > MAX_RESPONSE_BYTES:
        raise _invalid(f"it exceeds the maximum size ({len(response)} vs. {MAX_RESPONSE_BYTES})")
    body = json.loads(response)
    state = body.get("sessionState") if isinstance(body, dict) else None
    if not isinstance(state, dict):
        raise _invalid("sessionState is missing")
    action = _action(state, invocation_source)
    _check_intent(state, action)
    _check_strings("sessionState.sessionAttributes", state.get("sessionAttributes"))
    if not isinstance(state.get("activeContexts"), list | None):
        raise _invalid("sessionState.activeContexts is not a list")
    _check_strings("requestAttributes", body.get("requestAttributes"))
    messages = body.get("messages")
    if messages is None and action in ("ElicitIntent", "ConfirmIntent"):
        raise _invalid(f"messages are required with {action}")
    _check_messages(messages or [])
    return HookResult(action, state, messages or [], body.get("requestAttributes") or {})


def _action(state: Mapping[str, Any], invocation_source: str) -> str:
    action = _object(state.get("dialogAction")).get("type")
    if action not in DIALOG_ACTIONS:
        raise _invalid(f"sessionState.dialogAction.type is none of {', '.join(DIALOG_ACTIONS)}")
    if action == "Delegate" and invocation_source == "FulfillmentCodeHook":
        raise _invalid("a fulfillment code hook cannot return Delegate")
    if action == "ElicitSlot" and not state["dialogAction"].get("slotToElicit"):
        raise _invalid("sessionState.dialogAction.slotToElicit is missing")
    return str(action)


def _check_intent(state: Mapping[str, Any], action: str) -> None:
    intent = state.get("intent")
    if intent is None and action == "ElicitIntent":
        return
    if not isinstance(intent, dict) or not intent.get("name"):
        raise _invalid("sessionState.intent.name is missing")
    if intent.get("state") not in INTENT_STATES:
        raise _invalid(f"sessionState.intent.state is none of {', '.join(INTENT_STATES)}")


def _check_messages(messages: object) -> None:
    if not isinstance(messages, list) or len(messages) > MAX_MESSAGES:
        raise _invalid(f"messages is not a list of at most {MAX_MESSAGES}")
    for message in messages:
        if not isinstance(message, dict):
            raise _invalid("a message is not an object")
        kind = message.get("contentType")
        if kind == "ImageResponseCard":
            if not _object(message.get("imageResponseCard")).get("title"):
                raise _invalid("imageResponseCard.title is missing")
        elif kind not in TEXT_TYPES:
            raise _invalid("a message's contentType is not one of Lex's")
        elif not isinstance(message.get("content"), str) or not message["content"]:
            raise _invalid("a message's content is not a non-empty string")


def _check_strings(path: str, values: object) -> None:
    if values is None:
        return
    if not isinstance(values, dict) or not all(
        key and isinstance(value, str) for key, value in values.items()
    ):
        raise _invalid(f"{path} is not a map of strings")


def _object(value: object) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def _invalid(reason: str) -> ServiceError:
    return dependency_failed(f"Invalid Lambda Response: {reason}")
