"""Lex V2's code hooks: the event that a Lambda is called with, and what its response may hold.

The event has every field of a real one but ``proposedNextState``. Pure.
https://docs.aws.amazon.com/lexv2/latest/dg/lambda-input-format.html
https://docs.aws.amazon.com/lexv2/latest/dg/lambda-response-format.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.lex.intents import interpretations
from websocket_stack.local.lex.requests import TextRequest
from websocket_stack.local.lex.sessions import LexSession, SessionKey

TEST_ALIAS_ID = "TSTALIASID"
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


def hook_event(
    source: str, session: LexSession, intent: Mapping[str, Any], request: TextRequest
) -> dict[str, Any]:
    """Return the event of one call.

    Args:
        source: the hook, ``DialogCodeHook`` or ``FulfillmentCodeHook``.
        session: the session as it is before the call.
        intent: the intent that the utterance belongs to.
        request: the utterance and what the client sent with it.
    """
    event: dict[str, Any] = {
        "messageVersion": "1.0",
        "invocationSource": source,
        "inputMode": "Text",
        "responseContentType": "text/plain; charset=utf-8",
        "sessionId": session.key.session_id,
        "inputTranscript": request.text,
        "bot": _bot(session.key),
        "interpretations": interpretations(intent, 1.0),
        "sessionState": {
            "sessionAttributes": session.attributes,
            "activeContexts": session.active_contexts,
            "intent": intent,
            "originatingRequestId": str(uuid.uuid4()),
        },
        "transcriptions": [
            {
                "transcription": request.text,
                "transcriptionConfidence": 1.0,
                "resolvedContext": {"intent": intent["name"]},
                "resolvedSlots": {
                    name: slot
                    for name, slot in (intent.get("slots") or {}).items()
                    if slot is not None
                },
            }
        ],
    }
    if request.request_attributes:
        event["requestAttributes"] = dict(request.request_attributes)
    return event


def _bot(key: SessionKey) -> dict[str, str]:
    is_test_alias = key.alias_id == TEST_ALIAS_ID
    return {
        "id": key.bot_id,
        "name": "LocalBot",
        "localeId": key.locale_id,
        "version": "DRAFT" if is_test_alias else "1",
        "aliasId": key.alias_id,
        "aliasName": "TestBotAlias" if is_test_alias else "Local",
    }


class HookResponse(NamedTuple):
    """A Lambda's response that Lex takes."""

    action: str
    session_state: Mapping[str, Any]
    messages: list[dict[str, Any]]
    request_attributes: Mapping[str, str]


def read_response(response: bytes, source: str) -> HookResponse:
    """Read a Lambda's response.

    Args:
        response: the JSON that the Lambda returned.
        source: the hook that it was called for.

    Raises:
        ServiceError: 424 ``DependencyFailedException``, Lex does not take it; says why.
    """
    if len(response) > MAX_RESPONSE_BYTES:
        raise _invalid(f"it exceeds the maximum size ({len(response)} vs. {MAX_RESPONSE_BYTES})")
    body = json.loads(response)
    state = body.get("sessionState") if isinstance(body, dict) else None
    if not isinstance(state, dict):
        raise _invalid("sessionState is missing")
    action = _action(state, source)
    _check_intent(state, action)
    _check_strings("sessionState.sessionAttributes", state.get("sessionAttributes"))
    contexts = state.get("activeContexts")
    if contexts is not None and not isinstance(contexts, list):
        raise _invalid("sessionState.activeContexts is not a list")
    _check_strings("requestAttributes", body.get("requestAttributes"))
    messages = body.get("messages")
    if messages is None and action in ("ElicitIntent", "ConfirmIntent"):
        raise _invalid(f"messages are required with {action}")
    _check_messages(messages or [])
    return HookResponse(action, state, messages or [], body.get("requestAttributes") or {})


def dependency_failed(reason: str) -> ServiceError:
    """Return the error that a client gets when the Lambda failed."""
    return ServiceError(424, "DependencyFailedException", reason)


def _action(state: Mapping[str, Any], source: str) -> str:
    action = _object(state.get("dialogAction")).get("type")
    if action not in DIALOG_ACTIONS:
        raise _invalid(f"sessionState.dialogAction.type is none of {', '.join(DIALOG_ACTIONS)}")
    if action == "Delegate" and source == "FulfillmentCodeHook":
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
        content_type = message.get("contentType")
        if content_type == "ImageResponseCard":
            if not _object(message.get("imageResponseCard")).get("title"):
                raise _invalid("imageResponseCard.title is missing")
        elif content_type not in TEXT_TYPES:
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
