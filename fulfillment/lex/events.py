"""Lex V2's Lambda event and response as values. Pure: no clock, no environment, no AWS.

https://docs.aws.amazon.com/lexv2/latest/dg/lambda-input-format.html
https://docs.aws.amazon.com/lexv2/latest/dg/lambda-response-format.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple, NotRequired, TypeAlias, TypedDict

from fulfillment.errors import InvalidLexEvent
from fulfillment.handlers import whole
from fulfillment.lex.dialog_actions import Action, Card, ContentType, Text

Json: TypeAlias = "str | int | float | bool | None | Sequence[Json] | Mapping[str, Json]"
SlotValue: TypeAlias = "str | list[SlotValue] | dict[str, SlotValue] | None"
"""What was understood for a slot: text, a list, a composite's sub-slots, or nothing yet."""

FALLBACK_INTENT = "FallbackIntent"
NOTHING: Mapping[str, str] = MappingProxyType({})
# Written by Lex Web UI before every request and read by nobody here: handed back,
# the previous reply would travel twice in each response.
CLIENT_OWNED_ATTRIBUTES = frozenset({"previousLexResponse", "previousUtterance"})


class ResponseButton(TypedDict):
    text: str
    value: str


class ImageResponseCard(TypedDict):
    title: str
    subtitle: NotRequired[str]
    imageUrl: NotRequired[str]
    buttons: NotRequired[list[ResponseButton]]


class Message(TypedDict):
    contentType: ContentType | Literal["ImageResponseCard"]
    content: NotRequired[str]
    imageResponseCard: NotRequired[ImageResponseCard]


class IntentState(TypedDict):
    name: str
    state: str
    slots: NotRequired[Mapping[str, Json]]
    confirmationState: NotRequired[str]


class SessionState(TypedDict):
    dialogAction: dict[str, str]
    intent: NotRequired[IntentState]
    sessionAttributes: dict[str, str]
    activeContexts: NotRequired[Sequence[Json]]


class LexResponse(TypedDict):
    sessionState: SessionState
    messages: NotRequired[list[Message]]
    requestAttributes: NotRequired[dict[str, str]]


class Intent(NamedTuple):
    """The intent that Lex chose, as it came; ``slots`` is the raw map to hand back."""

    name: str
    slots: Mapping[str, Json] = NOTHING
    confirmation_state: str = "None"


class LexEvent(NamedTuple):
    """One utterance as Lex hands it to the Lambda."""

    session_id: str
    utterance: str
    intent: Intent
    invocation_source: str = "FulfillmentCodeHook"
    input_mode: str = "Text"
    locale: str = ""
    session_attributes: Mapping[str, str] = NOTHING
    request_attributes: Mapping[str, str] = NOTHING
    active_contexts: Sequence[Json] = ()
    raw: Mapping[str, Json] = NOTHING
    """The event as it came, for what is not named here."""

    @classmethod
    def from_dict(cls, event: object) -> LexEvent:
        """Parse an event. What Lex may leave out has a default; what is new is ignored.

        Raises:
            InvalidLexEvent: names the key that is missing or not what Lex sends.
        """
        root = _Node("event", _mapping("event", event))
        state = root.child("sessionState", required=True)
        return cls(
            session_id=root.text("sessionId"),
            utterance=root.text("inputTranscript"),
            intent=_intent(state, root),
            invocation_source=root.text("invocationSource") or "FulfillmentCodeHook",
            input_mode=root.text("inputMode") or "Text",
            locale=root.child("bot").text("localeId"),
            session_attributes=state.child("sessionAttributes").texts(),
            request_attributes=root.child("requestAttributes").texts(),
            active_contexts=state.sequence("activeContexts"),
            raw=root.values,
        )

    @property
    def slots(self) -> dict[str, SlotValue]:
        """What was understood for each slot, by name."""
        return {name: _slot_value(slot) for name, slot in self.intent.slots.items()}

    @property
    def resolutions(self) -> dict[str, list[str]]:
        """The values of its type that each scalar slot may mean, the likeliest first."""
        return {name: _resolved_values(slot) for name, slot in self.intent.slots.items()}

    @property
    def is_dialog(self) -> bool:
        """Whether Lex asks what to do next, before the intent is fulfilled."""
        return self.invocation_source == "DialogCodeHook"

    @property
    def wants_frames(self) -> bool:
        """Whether the client says that it shows frames: it typed, and has an open socket.

        Lex Web UI never shows frames in a voice turn, and sends ``streamingEndpoint`` only
        while streaming is on. The value is the browser's and is not used for anything else.
        """
        return self.input_mode == "Text" and bool(self.session_attributes.get("streamingEndpoint"))

    @property
    def is_answered_now(self) -> bool:
        """Whether this invocation is the one that answers, where no function checks the dialog.

        A dialog code hook comes before Lex has elicited the slots, so it is delegated back.
        FallbackIntent has no slots, and Lex may call it through either hook or both; to close
        at the first call answers exactly once in each case.
        """
        return not self.is_dialog or self.intent.name == FALLBACK_INTENT


def respond(
    event: LexEvent,
    action: Action,
    messages: Sequence[Text | Card],
    attributes: Mapping[str, str],
    slots: Mapping[str, Json] | None = None,
) -> LexResponse:
    """Build the response of a turn.

    Takes what Lex is to do next, the messages (blank ones are left out; without any, Lex says what
    the bot's definition says), the session attributes to keep, and the slots, if they changed.
    """
    dialog_action: dict[str, str] = {"type": action.type}
    if action.slot:
        dialog_action["slotToElicit"] = action.slot
    state = _state(event, dialog_action, attributes)
    if action.type != "ElicitIntent":
        state["intent"] = {
            "name": event.intent.name,
            "slots": dict(event.intent.slots if slots is None else slots)
            # Lex asks for what is empty.
            | ({action.slot: None} if action.slot else {}),
            "state": action.intent_state,
            # What is asked for anew has not been confirmed yet, nor denied.
            "confirmationState": "None"
            if action.type in ("ConfirmIntent", "ElicitSlot")
            else event.intent.confirmation_state,
        }
    response: LexResponse = {"sessionState": state}
    said = [
        _message(message)
        for message in messages
        if not isinstance(message, Text) or message.content
    ]
    if said:
        response["messages"] = said
    if event.request_attributes:
        response["requestAttributes"] = dict(event.request_attributes)
    return response


def delegate(event: LexEvent) -> LexResponse:
    """Build the response that lets Lex go on by itself (elicit slots, confirm, fulfil)."""
    return respond(event, Action("Delegate"), (), event.session_attributes)


def apology(event: object, sentence: str) -> LexResponse:
    """Build a valid failed Close from whatever came in, for when nothing else worked."""
    try:
        parsed = LexEvent.from_dict(event)
    except InvalidLexEvent:
        parsed = LexEvent(session_id="", utterance="", intent=Intent(FALLBACK_INTENT))
    failed = Action("Close", failed=True)
    return respond(parsed, failed, [Text(sentence)], parsed.session_attributes)


def slot_of(value: str | Sequence[str] | None) -> Json:
    """Return a slot as Lex writes it: a text, several, or nothing."""
    if value is None:
        return None
    if not isinstance(value, str):
        return {"shape": "List", "values": [slot_of(each) for each in value]}
    understood = {"originalValue": value, "interpretedValue": value, "resolvedValues": [value]}
    return {"shape": "Scalar", "value": understood}


def _state(
    event: LexEvent, dialog_action: dict[str, str], attributes: Mapping[str, str]
) -> SessionState:
    session_state: SessionState = {
        "dialogAction": dialog_action,
        "sessionAttributes": {
            # Lex takes strings only; a bot's function may have set something else.
            key: whole(value) if isinstance(value, str) else json.dumps(value, default=str)
            for key, value in attributes.items()
            if key and key not in CLIENT_OWNED_ATTRIBUTES and value is not None
        },
    }
    if event.active_contexts:
        session_state["activeContexts"] = event.active_contexts
    return session_state


def _message(message: Text | Card) -> Message:
    if isinstance(message, Text):
        return {"contentType": message.content_type, "content": message.content}
    card: ImageResponseCard = {"title": message.title}
    if message.subtitle:
        card["subtitle"] = message.subtitle
    if message.image_url:
        card["imageUrl"] = message.image_url
    if message.buttons:
        card["buttons"] = [{"text": each.text, "value": each.value} for each in message.buttons]
    return {"contentType": "ImageResponseCard", "imageResponseCard": card}


def _intent(state: _Node, root: _Node) -> Intent:
    node = state.child("intent")
    if not node.values:
        interpretations = root.sequence("interpretations")
        first = interpretations[0] if interpretations else {}
        node = _Node("event.interpretations[0]", _mapping("interpretations[0]", first)).child(
            "intent"
        )
    return Intent(
        name=node.text("name") or FALLBACK_INTENT,
        slots=node.child("slots").values,
        confirmation_state=node.text("confirmationState") or "None",
    )


def _slot_value(slot: Json) -> SlotValue:
    if not isinstance(slot, Mapping):
        return None
    if isinstance(values := slot.get("values"), list) and slot.get("shape") == "List":
        return [_slot_value(value) for value in values]
    if isinstance(parts := slot.get("subSlots"), Mapping):
        return {name: _slot_value(part) for name, part in parts.items()}
    value = slot.get("value")
    if not isinstance(value, Mapping):
        return None
    understood = value.get("interpretedValue") or value.get("originalValue")
    return understood if isinstance(understood, str) else None


def _resolved_values(slot: Json) -> list[str]:
    value = slot.get("value") if isinstance(slot, Mapping) else None
    resolved = value.get("resolvedValues") if isinstance(value, Mapping) else None
    return (
        [each for each in resolved if isinstance(each, str)] if isinstance(resolved, list) else []
    )


class _Node(NamedTuple):
    """A JSON object and its path, so that an error can say where it is."""

    path: str
    values: Mapping[str, Json]

    def child(self, key: str, *, required: bool = False) -> _Node:
        path = f"{self.path}.{key}"
        value = self.values.get(key)
        if value is None and not required:
            return _Node(path, {})
        return _Node(path, _mapping(path, value))

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise InvalidLexEvent(f"{self.path}.{key} is not a string")
        return value

    def sequence(self, key: str) -> Sequence[Json]:
        value = self.values.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise InvalidLexEvent(f"{self.path}.{key} is not a list")
        return value

    def texts(self) -> dict[str, str]:
        if not all(isinstance(value, str) for value in self.values.values()):
            # Which one is not said: the names are the client's, and errors are logged.
            raise InvalidLexEvent(f"{self.path} holds what is not a string")
        return {key: value for key, value in self.values.items() if isinstance(value, str)}


def _mapping(path: str, value: object) -> Mapping[str, Json]:
    if value is None:
        raise InvalidLexEvent(f"{path} is missing")
    if not isinstance(value, Mapping):
        raise InvalidLexEvent(f"{path} is not an object")
    return value
