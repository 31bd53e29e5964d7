"""Lex V2's Lambda response: a turn's reply and decision as the JSON that Lex takes. Pure.

https://docs.aws.amazon.com/lexv2/latest/dg/lambda-response-format.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict, cast

from fulfillment.errors import InvalidLexEvent
from fulfillment.lex.dialog_actions import Action, Decision
from fulfillment.lex.events import FALLBACK_INTENT, LexEvent
from fulfillment.lex.fitting import Limits, encoded_bytes, messages_of
from fulfillment.lex.limits import MAX_MESSAGES, MAX_RESPONSE_BYTES
from fulfillment.lex.messages import Card, ContentType, Text
from fulfillment.lex.rendering import Rendering
from fulfillment.lex.session_state import Json, texts_of
from fulfillment.outcome import Outcome
from fulfillment.reply import Reply
from fulfillment.settings import Settings
from fulfillment.text import repair_surrogates_in

# Written by Lex Web UI before every request, and read by nothing here: handed back, the previous
# reply would travel twice in each response.
CLIENT_OWNED_ATTRIBUTES = frozenset({"previousLexResponse", "previousUtterance"})

# All but the reply, which is a notice at least.
MAX_STATE_BYTES = MAX_RESPONSE_BYTES - 2_000


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


def respond(  # noqa: PLR0913
    event: LexEvent,
    reply: Reply,
    decision: Decision,
    attributes: Mapping[str, str],
    slots: Mapping[str, Json],
    settings: Settings,
    too_long: str,
) -> LexResponse:
    """Return the response that carries a reply, within the size that Lex takes.

    A ``Close`` is ``Failed`` if its handler says so, if there is nothing but an apology, if an
    intent's handler raised, or if a dialog's did not come to its end.

    Args:
        event: what is answered.
        reply: what the turn says.
        decision: how its handler wants it to end, after what came of the turn.
        attributes: the session attributes to keep.
        slots: the slots as Lex gets them back.
        settings: the limits, and what of HTML and pictures stays.
        too_long: the notice where something has to be left out.
    """
    action = decision.action
    if action.type == "Delegate":
        return build(event, action, (), attributes, slots)
    if _has_failed(event, reply, decision):
        action = Action("Close", failed=True)
    rendering = Rendering.of(event, settings)
    added = [rendering.message(message) for message in decision.messages]
    without_reply = build(event, action, added, attributes, slots)
    limits = Limits(
        messages=MAX_MESSAGES - len(added),
        characters=settings.max_message_characters,
        bytes=settings.max_response_bytes - encoded_bytes(without_reply),
    )
    contents = messages_of(reply.markdown, limits, finish=rendering.markdown, notice=too_long)
    texts = [Text(content, rendering.accepted[0]) for content in contents]
    return build(event, action, added, attributes, slots, reply=texts)


def delegate(event: LexEvent) -> LexResponse:
    """Return the response that lets Lex go on by itself: elicit slots, confirm, fulfil."""
    return build(event, Action("Delegate"), (), event.session_attributes)


def apology(event: object, sentence: str) -> LexResponse:
    """Return a valid failed ``Close`` for whatever came in, for when nothing else worked."""
    try:
        parsed = LexEvent.from_dict(event)
    except InvalidLexEvent:
        parsed = LexEvent.salvaged_from(event)
    failed = Action("Close", failed=True)
    text = Rendering.of(parsed).text(Text(sentence))
    return build(parsed, failed, [text], parsed.session_attributes)


def count_left_out(event: LexEvent, attributes: Mapping[str, str], response: LexResponse) -> int:
    """Return how many attributes a response is without, since it would be too large for Lex.

    Args:
        event: what is answered.
        attributes: the session attributes to keep.
        response: the response.
    """
    count = len(response["sessionState"]["sessionAttributes"])
    count += len(response.get("requestAttributes", {}))
    return len(_session_attributes(attributes)) + len(event.request_attributes) - count


def build(
    event: LexEvent,
    action: Action,
    messages: Sequence[Text | Card],
    attributes: Mapping[str, str],
    slots: Mapping[str, Json] | None = None,
    *,
    reply: Sequence[Text] = (),
) -> LexResponse:
    """Return a response that can be encoded, and that Lex takes.

    Where it would be too large for Lex, the largest attributes are left out.

    Args:
        event: what is answered.
        action: what Lex does next.
        messages: what the user sees; blank ones are left out, and without any Lex says what the
            bot's definition says.
        attributes: the session attributes to keep.
        slots: the slots, if they changed.
        reply: the messages before the others; they leave room for all else.
    """
    dialog_action: dict[str, str] = {"type": action.type}
    if action.slot:
        dialog_action["slotToElicit"] = action.slot
    state: SessionState = {
        "dialogAction": dialog_action,
        "sessionAttributes": _session_attributes(attributes),
    }
    if event.active_contexts:
        state["activeContexts"] = event.active_contexts
    if action.type != "ElicitIntent":
        state["intent"] = _intent(event, action, event.intent.slots if slots is None else slots)
    response: LexResponse = {"sessionState": state}
    if event.request_attributes:
        response["requestAttributes"] = dict(event.request_attributes)
    entries = [_message(each) for each in messages if isinstance(each, Card) or each.content]
    _leave_out_the_largest(response, MAX_STATE_BYTES - encoded_bytes(entries))
    if entries := [*map(_message, reply), *entries]:
        response["messages"] = entries
    # What a handler set or added may hold half a character.
    return cast(LexResponse, repair_surrogates_in(response))


def _leave_out_the_largest(response: LexResponse, room: int) -> None:
    """Leave attributes out of a response until the rest fits into so many bytes.

    A client may send them in any size, and would otherwise get no reply in any further turn.
    """
    state = response["sessionState"]
    holders = [state["sessionAttributes"], response.get("requestAttributes", {})]
    largest = sorted(
        (
            (encoded_bytes({name: holder[name]}), index, name)
            for index, holder in enumerate(holders)
            for name in holder
        ),
        reverse=True,
    )
    excess = encoded_bytes(response) - room
    for size, index, name in largest:
        if excess > 0:
            del holders[index][name]
            excess -= size
    # Neither can be so large if it comes from Lex.
    if excess > 0:
        state.pop("activeContexts", None)
        if "intent" in state:
            state["intent"]["slots"] = {}


def _has_failed(event: LexEvent, reply: Reply, decision: Decision) -> bool:
    if not reply.written:
        return not decision.says_something
    if reply.handler_raised:
        # Of the fallback there is nothing to fulfil but to say something.
        return decision.action.failed or event.intent.name != FALLBACK_INTENT
    return reply.outcome is Outcome.CUT and not event.is_answered_now


def _intent(event: LexEvent, action: Action, slots: Mapping[str, Json]) -> IntentState:
    # What is asked for again has not been confirmed yet, nor denied.
    asks_again = action.type in ("ConfirmIntent", "ElicitSlot")
    return {
        "name": event.intent.name,
        # Lex asks for what is empty.
        "slots": dict(slots) | ({action.slot: None} if action.slot else {}),
        "state": action.intent_state,
        "confirmationState": "None" if asks_again else event.intent.confirmation_state,
    }


def _session_attributes(attributes: Mapping[str, str]) -> dict[str, str]:
    # Lex takes strings only; a handler may have set something else.
    texts = texts_of(attributes)
    return {name: text for name, text in texts.items() if name not in CLIENT_OWNED_ATTRIBUTES}


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
