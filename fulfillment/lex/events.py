"""Lex V2's Lambda event as a value. Pure: no clock, no environment, no AWS.

https://docs.aws.amazon.com/lexv2/latest/dg/lambda-input-format.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias, get_args

from fulfillment.errors import HandlerError, InvalidLexEvent
from fulfillment.lex.limits import MAX_INTENT_NAME
from fulfillment.lex.session_state import (
    Json,
    contexts_of,
    session_attributes_of,
    slots_of,
    texts_of,
)
from fulfillment.text import repair_surrogates

SlotValue: TypeAlias = "str | list[SlotValue] | dict[str, SlotValue] | None"
"""What was understood for a slot: text, a list, a composite's sub-slots, or nothing yet."""
Confirmation: TypeAlias = Literal["Confirmed", "Denied"]
"""What a user answered when an intent was to be confirmed."""

FALLBACK_INTENT = "FallbackIntent"
NOTHING: Mapping[str, str] = MappingProxyType({})


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
            session_attributes=session_attributes_of(state.values.get("sessionAttributes")),
            request_attributes=texts_of(root.values.get("requestAttributes")),
            active_contexts=contexts_of(state.values.get("activeContexts")),
            raw=root.values,
        )

    @classmethod
    def salvaged_from(cls, event: object) -> LexEvent:
        """Return what can be read of an event that cannot be parsed, so that it is not lost."""
        root = _as_node(event)
        state = _as_node(root.values.get("sessionState"))
        intent = _as_node(state.values.get("intent"))
        name = texts_of(intent.values).get("name", "")[:MAX_INTENT_NAME]
        return cls(
            session_id="",
            utterance="",
            intent=Intent(name or FALLBACK_INTENT, slots_of(intent.values.get("slots"))),
            session_attributes=session_attributes_of(state.values.get("sessionAttributes")),
            request_attributes=texts_of(root.values.get("requestAttributes")),
            active_contexts=contexts_of(state.values.get("activeContexts")),
        )

    @property
    def slots(self) -> dict[str, SlotValue]:
        """What was understood for each slot, by name."""
        return {name: slot_value(slot) for name, slot in self.intent.slots.items()}

    @property
    def resolutions(self) -> dict[str, list[str]]:
        """The values of its type that each scalar slot may mean, the likeliest first."""
        return {name: _resolved_values(slot) for name, slot in self.intent.slots.items()}

    @property
    def confirmation(self) -> Confirmation | None:
        """What the user answered when the intent was to be confirmed, if it was."""
        answers: dict[str, Confirmation] = {each: each for each in get_args(Confirmation)}
        return answers.get(self.intent.confirmation_state)

    @property
    def is_dialog(self) -> bool:
        """Whether Lex asks what to do next, before the intent is fulfilled."""
        return self.invocation_source == "DialogCodeHook"

    @property
    def streaming_endpoint(self) -> str:
        """The API that the client says that it is connected to; never contacted."""
        return self.session_attributes.get("streamingEndpoint", "")

    @property
    def wants_frames(self) -> bool:
        """Whether the client says that it shows frames: it typed, and has an open socket.

        Lex Web UI never shows frames in a voice turn, and sends ``streamingEndpoint`` only
        while streaming is on.
        """
        return self.input_mode == "Text" and bool(self.streaming_endpoint)

    @property
    def is_spoken_to(self) -> bool:
        """Whether the client reads the reply out: it was spoken to, or asks for audio."""
        answer = self.raw.get("responseContentType")
        return self.input_mode != "Text" or str(answer).startswith("audio/")

    @property
    def is_answered_now(self) -> bool:
        """Whether this invocation is the one that answers, where no function checks the dialog.

        A dialog code hook comes before Lex has elicited the slots, so it is delegated back.
        FallbackIntent has no slots, and Lex may call it through either hook or both; to close
        at the first call answers exactly once in each case.
        """
        return not self.is_dialog or self.intent.name == FALLBACK_INTENT


def slot_of(value: str | Sequence[str] | None) -> Json:
    """Return a slot as Lex writes it: a text, several, or nothing.

    Raises:
        HandlerError: it is something else.
    """
    if value is None or value == "":
        return None
    if isinstance(value, list | tuple):
        return {"shape": "List", "values": [slot_of(each) for each in value if each]}
    if not isinstance(value, str):
        raise HandlerError(f"a slot holds a text or several, not {type(value).__name__}")
    value = repair_surrogates(value)
    understood = {"originalValue": value, "interpretedValue": value, "resolvedValues": [value]}
    return {"shape": "Scalar", "value": understood}


def _intent(state: _Node, root: _Node) -> Intent:
    node = state.child("intent")
    if not node.values:
        interpretations = root.sequence("interpretations")
        first = interpretations[0] if interpretations else {}
        node = _Node("event.interpretations[0]", _mapping("interpretations[0]", first)).child(
            "intent"
        )
    return Intent(
        name=node.text("name")[:MAX_INTENT_NAME] or FALLBACK_INTENT,
        slots=slots_of(node.values.get("slots")),
        confirmation_state=confirmation
        if (confirmation := node.text("confirmationState")) in get_args(Confirmation)
        else "None",
    )


def slot_value(slot: Json) -> SlotValue:
    """Return what was understood for a slot as Lex writes it."""
    if not isinstance(slot, Mapping):
        return None
    if isinstance(values := slot.get("values"), list) and slot.get("shape") == "List":
        return [slot_value(value) for value in values]
    if isinstance(parts := slot.get("subSlots"), Mapping):
        return {name: slot_value(part) for name, part in parts.items()}
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
        return repair_surrogates(value)

    def sequence(self, key: str) -> Sequence[Json]:
        value = self.values.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise InvalidLexEvent(f"{self.path}.{key} is not a list")
        return value


def _as_node(value: object) -> _Node:
    return _Node("", value if isinstance(value, Mapping) else {})


def _mapping(path: str, value: object) -> Mapping[str, Json]:
    if value is None:
        raise InvalidLexEvent(f"{path} is missing")
    if not isinstance(value, Mapping):
        raise InvalidLexEvent(f"{path} is not an object")
    return value
