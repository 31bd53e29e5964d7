"""The Lambda event of Lex V2, with every field that the real one has but ``proposedNextState``.

https://docs.aws.amazon.com/lexv2/latest/dg/lambda-input-format.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

FALLBACK_INTENT = "FallbackIntent"
TEST_ALIAS_ID = "TSTALIASID"


class SessionKey(NamedTuple):
    """What names a session: it belongs to one alias and locale of one bot."""

    bot_id: str
    alias_id: str
    locale_id: str
    session_id: str


def code_hook(
    key: SessionKey,
    source: str,
    text: str,
    intent: Mapping[str, Any],
    attributes: Mapping[str, str],
    active_contexts: Sequence[Any],
    request_attributes: Mapping[str, str],
) -> dict[str, Any]:
    """Return the event of one call of a code hook."""
    is_test_alias = key.alias_id == TEST_ALIAS_ID
    event: dict[str, Any] = {
        "messageVersion": "1.0",
        "invocationSource": source,
        "inputMode": "Text",
        "responseContentType": "text/plain; charset=utf-8",
        "sessionId": key.session_id,
        "inputTranscript": text,
        "bot": {
            "id": key.bot_id,
            "name": "LocalBot",
            "localeId": key.locale_id,
            "version": "DRAFT" if is_test_alias else "1",
            "aliasId": key.alias_id,
            "aliasName": "TestBotAlias" if is_test_alias else "Local",
        },
        "interpretations": interpretations_of(intent),
        "sessionState": {
            "sessionAttributes": attributes,
            "activeContexts": active_contexts,
            "intent": intent,
            "originatingRequestId": str(uuid.uuid4()),
        },
        "transcriptions": [
            {
                "transcription": text,
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
    if request_attributes:
        event["requestAttributes"] = dict(request_attributes)
    return event


def intent_of(name: str, slots: Mapping[str, str | None] | None = None) -> dict[str, Any]:
    """Return an intent that was just understood, with the slots that were said."""
    return {
        "name": name,
        "slots": {slot: slot_of(value) for slot, value in (slots or {}).items()},
        "state": "InProgress",
        "confirmationState": "None",
    }


def completed(intent: Mapping[str, Any], slots: Sequence[str]) -> dict[str, Any]:
    """Return an intent with all that Lex says of one, whatever a client or a Lambda left out.

    Takes the names of its slots: "if a slot has not been filled, the value is null".
    https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_Intent.html
    """
    plain = intent_of(intent["name"], dict.fromkeys(slots))
    given = {name: value for name, value in intent.items() if value is not None}
    return plain | given | {"slots": plain["slots"] | given.get("slots", {})}


def slot_of(value: str | None) -> dict[str, Any] | None:
    """Return a slot that holds what was said for it."""
    if value is None:
        return None
    understood = {"originalValue": value, "interpretedValue": value, "resolvedValues": [value]}
    return {"shape": "Scalar", "value": understood}


def interpretations_of(intent: Mapping[str, Any], confidence: object = 1.0) -> list[dict[str, Any]]:
    """Return what Lex says it might have been: this intent first, and the fallback.

    Takes how sure it is: a number in events, an object in responses of the API.
    """
    if intent["name"] == FALLBACK_INTENT:
        # nluConfidence is absent on it.
        return [{"intent": intent, "interpretationSource": "Lex"}]
    fallback = intent_of(FALLBACK_INTENT) | {"state": intent["state"]}
    return [
        {"intent": intent, "interpretationSource": "Lex", "nluConfidence": confidence},
        {"intent": fallback, "interpretationSource": "Lex"},
    ]
