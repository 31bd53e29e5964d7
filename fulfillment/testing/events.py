"""Lex V2 events for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict, get_args

from fulfillment.lex.events import FALLBACK_INTENT, Confirmation, slot_of

SESSION_ID = "test-session"
ENDPOINT = "https://test.execute-api.us-east-1.amazonaws.com/Prod"
# By these Lex Web UI says that it shows frames.
CLIENT_ATTRIBUTES = {"streamingEndpoint": ENDPOINT, "streamingDynamoDbTable": ""}

Hook: TypeAlias = Literal["DialogCodeHook", "FulfillmentCodeHook"]
InputMode: TypeAlias = Literal["Text", "Speech", "DTMF"]


class EventOptions(TypedDict, total=False):
    """What :func:`event` takes after the utterance."""

    intent: str
    slots: Mapping[str, str | Sequence[str] | None]
    hook: Hook
    confirmation: Confirmation | None
    locale: str
    input_mode: InputMode
    session_id: str
    session_attributes: Mapping[str, str]
    request_attributes: Mapping[str, str]
    streaming: bool


def event(  # noqa: PLR0913
    utterance: str,
    *,
    intent: str = FALLBACK_INTENT,
    slots: Mapping[str, str | Sequence[str] | None] | None = None,
    hook: Hook = "FulfillmentCodeHook",
    confirmation: Confirmation | None = None,
    locale: str = "en_US",
    input_mode: InputMode = "Text",
    session_id: str = SESSION_ID,
    session_attributes: Mapping[str, str] | None = None,
    request_attributes: Mapping[str, str] | None = None,
    streaming: bool = True,
) -> dict[str, Any]:
    """Return a Lex V2 event.

    Args:
        utterance: what the user typed or said.
        intent: the intent that Lex chose.
        slots: texts, lists of texts, or ``None`` for those that are not filled yet; Lex names all
            slots of an intent.
        hook: the code hook that Lex calls.
        confirmation: what the user answered to a confirmation.
        locale: the bot's locale.
        input_mode: how the user said it.
        session_id: Lex's name for the session.
        session_attributes: what Lex keeps for the session.
        request_attributes: what the client sent for this turn only.
        streaming: whether the client says that it shows frames, as Lex Web UI does.

    Raises:
        TypeError: an attribute is not text.
        ValueError: Lex has no such hook, confirmation or input mode.
    """
    _check("hook", hook, Hook)
    if confirmation is not None:
        _check("confirmation", confirmation, Confirmation)
    _check("input_mode", input_mode, InputMode)
    _check_texts("session_attributes", session_attributes)
    _check_texts("request_attributes", request_attributes)
    chosen = {
        "name": intent,
        "slots": {name: slot_of(value) for name, value in (slots or {}).items()},
        "state": "InProgress" if hook == "DialogCodeHook" else "ReadyForFulfillment",
        "confirmationState": confirmation or "None",
    }
    attributes = CLIENT_ATTRIBUTES if streaming else {}
    lex_event: dict[str, Any] = {
        "messageVersion": "1.0",
        "invocationSource": hook,
        "inputMode": input_mode,
        "responseContentType": "text/plain; charset=utf-8",
        "sessionId": session_id,
        "inputTranscript": utterance,
        "bot": {
            "id": "TESTBOT001",
            "name": "TestBot",
            "localeId": locale,
            "version": "1",
            "aliasId": "TESTALIAS1",
            "aliasName": "Test",
        },
        "interpretations": [{"intent": chosen, "interpretationSource": "Lex"}],
        "sessionState": {
            "sessionAttributes": {**attributes, **(session_attributes or {})},
            "activeContexts": [],
            "intent": chosen,
            "originatingRequestId": "00000000-0000-4000-8000-000000000000",
        },
    }
    if request_attributes:
        lex_event["requestAttributes"] = dict(request_attributes)
    return lex_event


def _check(name: str, value: str, known: Any) -> None:
    if value not in get_args(known):
        raise ValueError(f"{name}={value!r}: there are {', '.join(get_args(known))}")


def _check_texts(name: str, attributes: Mapping[str, str] | None) -> None:
    for key, value in (attributes or {}).items():
        if not isinstance(value, str):
            raise TypeError(f"{name}[{key!r}] is a {type(value).__name__}, and Lex has texts only")
