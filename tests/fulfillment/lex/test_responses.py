from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.lex import events as lex
from fulfillment.lex.dialog_actions import Action, Decision
from fulfillment.lex.events import LexEvent
from fulfillment.lex.fitting import ESCAPES_NON_ASCII
from fulfillment.lex.limits import MAX_ADDED_MESSAGES
from fulfillment.lex.messages import Button, Card, Text
from fulfillment.lex.responses import apology, build, delegate, respond
from fulfillment.lex.session_state import Json
from fulfillment.outcome import Outcome
from fulfillment.reply import Reply
from fulfillment.settings import Settings
from tests.profiles import examples
from tests.turns import taken

TOO_LONG = "There is more."
MINIMAL = LexEvent.from_dict({"sessionState": {}})
FALLBACK = LexEvent("s", "Hi", lex.Intent("FallbackIntent"))
DIALOG = LexEvent("s", "Hi", lex.Intent("Order"), invocation_source="DialogCodeHook")

CLOSE = Action()
ELICIT = Action("ElicitSlot", "Item")
CONFIRM = Action("ConfirmIntent")
FAIL = Action("Close", failed=True)
NOTHING = Decision()
CARD = Card("Lamp", "lit", "https://x/lamp.png", [Button("More", "Tell me more")])


def finished(text: str = "") -> Reply:
    return Reply(Outcome.COMPLETED, text, handler_finished=True)


def interrupted(text: str = "Some.") -> Reply:
    return Reply(Outcome.INTERRUPTED, text, "It broke off.")


def cut(text: str = "Some.") -> Reply:
    return Reply(Outcome.CUT, text, "Time is up.", truncated=True)


def failed() -> Reply:
    return Reply(Outcome.FAILED, "", "Sorry.")


def responding(
    reply: Reply,
    decision: Decision = NOTHING,
    event: LexEvent = FALLBACK,
    attributes: Mapping[str, str] | None = None,
    **of_settings: Any,
) -> dict[str, Any]:
    """Return the response that carries a reply; Lex takes it."""
    chosen = Settings(**of_settings)
    response = respond(event, reply, decision, attributes or {}, {}, chosen, TOO_LONG)
    taken(response, {"invocationSource": event.invocation_source})
    return dict(response)


def closing(
    event: LexEvent, attributes: Mapping[str, str], *messages: Card | Text
) -> dict[str, Any]:
    """Return what closes a turn; Lex takes it."""
    response = build(event, CLOSE, messages or [Text("x")], attributes)
    taken(response)
    return dict(response)


def of_order(slot: Json, hook: str = "FulfillmentCodeHook", confirmation: str = "None") -> LexEvent:
    """Return an event of an intent with one slot."""
    intent = lex.Intent("Order", {"Item": slot}, confirmation)
    return LexEvent("s", "Hi", intent, invocation_source=hook)


def contents(response: dict[str, Any]) -> list[str | None]:
    return [message.get("content") for message in response.get("messages", ())]


def state_of(reply: Reply, decision: Decision = NOTHING, **options: Any) -> object:
    return responding(reply, decision, **options)["sessionState"]["intent"]["state"]


def size_of(response: dict[str, Any]) -> int:
    return len(json.dumps(response, ensure_ascii=ESCAPES_NON_ASCII).encode())


# --- how the intent ends


def test_without_text_of_its_own_a_reply_has_failed() -> None:
    assert state_of(finished("All.")) == "Fulfilled"
    assert state_of(interrupted()) == "Fulfilled"
    assert state_of(cut()) == "Fulfilled"
    assert state_of(failed()) == "Failed"
    assert state_of(Reply(Outcome.EMPTY, "", "I have no answer.")) == "Failed"
    assert state_of(finished(), Decision(texts=(Text("More."),))) == "Fulfilled"


def test_a_handler_may_have_failed_its_intent() -> None:
    assert state_of(finished("Some."), Decision(FAIL)) == "Failed"
    assert state_of(interrupted(), Decision(FAIL)) == "Failed"


def test_an_intent_whose_handler_raised_has_failed() -> None:
    """Of the fallback there is nothing to fulfil but to say something."""
    order = FALLBACK._replace(intent=lex.Intent("Order"))
    assert state_of(interrupted(), event=order) == "Failed"
    assert state_of(interrupted(), event=FALLBACK) == "Fulfilled"


@pytest.mark.parametrize("reply", [interrupted(), cut()])
def test_a_dialog_that_was_not_checked_fulfils_nothing(reply: Reply) -> None:
    assert state_of(reply, event=DIALOG) == "Failed"
    assert state_of(reply, event=DIALOG._replace(intent=FALLBACK.intent)) == "Fulfilled"


# --- messages


def test_the_reply_stands_before_the_question_and_the_cards() -> None:
    decision = Decision(ELICIT, "Which?", (Text("One", "PlainText"),), (CARD,))
    response = responding(finished("We have lamps."), decision, DIALOG)
    assert response["sessionState"]["dialogAction"] == {
        "type": "ElicitSlot",
        "slotToElicit": "Item",
    }
    assert contents(response) == ["We have lamps.", "One", "Which?", None]


def test_a_notice_follows_what_was_written() -> None:
    assert contents(responding(interrupted("Some."))) == ["Some.\n\nIt broke off."]
    assert contents(responding(failed())) == ["Sorry."]


def test_without_a_prompt_lex_asks_for_a_slot_by_itself() -> None:
    assert "messages" not in responding(finished(), Decision(ELICIT), DIALOG)


def test_what_is_left_to_lex_has_no_messages() -> None:
    decision = Decision(Action("Delegate"), texts=(Text("One"),), cards=(CARD,))
    response = responding(finished("Checking…"), decision, DIALOG)
    assert "messages" not in response
    assert response["sessionState"]["intent"]["state"] == "InProgress"


@pytest.mark.parametrize("action", [CONFIRM, Action("ElicitIntent")])
def test_lex_is_never_asked_for_words_that_it_lacks(action: Action) -> None:
    """It has none to confirm with, and none to elicit an intent."""
    assert contents(responding(finished("Well?"), Decision(action))) == ["Well?"]
    response = responding(Reply(Outcome.EMPTY, "", "I have no answer."), Decision(action))
    assert contents(response) == ["I have no answer."]
    assert response["sessionState"]["dialogAction"] == {"type": "Close"}


def test_messages_are_written_as_lex_takes_them() -> None:
    response = closing(
        MINIMAL,
        {},
        Text("**Hi**"),
        Text(""),
        Text("Hi", "PlainText"),
        Text("<speak>Hi</speak>", "SSML"),
        Card("Bare"),
        CARD,
    )
    assert response["messages"] == [
        {"contentType": "CustomPayload", "content": "**Hi**"},
        {"contentType": "PlainText", "content": "Hi"},
        {"contentType": "SSML", "content": "<speak>Hi</speak>"},
        {"contentType": "ImageResponseCard", "imageResponseCard": {"title": "Bare"}},
        {
            "contentType": "ImageResponseCard",
            "imageResponseCard": {
                "title": "Lamp",
                "subtitle": "lit",
                "imageUrl": "https://x/lamp.png",
                "buttons": [{"text": "More", "value": "Tell me more"}],
            },
        },
    ]


def test_without_a_message_lex_says_its_own() -> None:
    response = build(of_order(None), ELICIT, [], {})
    taken(response)
    assert "messages" not in response


def test_html_is_neutralised_wherever_it_is_rendered() -> None:
    html = "<img src=x>"
    texts = (Text(html), Text(html, "PlainText"), Text(f"<speak>{html}</speak>", "SSML"))
    decision = Decision(CONFIRM, html, texts, (Card(html),))
    response = responding(finished(html), decision)
    assert contents(response) == [
        "&lt;img src=x>",
        "&lt;img src=x>",
        html,
        f"<speak>{html}</speak>",
        "&lt;img src=x>",
        None,
    ]
    assert response["messages"][-1]["imageResponseCard"]["title"] == html
    allowed = responding(finished(html), decision, allow_html=True)
    assert contents(allowed)[:2] == [html, html]


def test_a_picture_is_a_link_unless_it_is_allowed() -> None:
    picture = "![a](https://a.example/p.png)"
    assert contents(responding(finished(picture))) == [f"&#32;{picture[1:]}"]
    assert contents(responding(finished(picture), allow_pictures=True)) == [picture]


# --- the size


def test_large_attributes_leave_room_for_the_notice() -> None:
    attributes = {"history": "x" * 30_000}
    response = responding(finished("word " * 5_000), attributes=attributes)
    assert response["messages"] == [{"contentType": "CustomPayload", "content": TOO_LONG}]
    assert response["sessionState"]["sessionAttributes"] == attributes


@pytest.mark.parametrize("size", [60_000, 1_000_000])
def test_attributes_too_large_for_lex_are_left_out(size: int) -> None:
    """A client may send any, and would get no reply in any further turn."""
    sent = {"huge": "x" * size, "large": "x" * 45_000, "small": "y" * 2_000}
    event = FALLBACK._replace(request_attributes={"huge": "字" * size, "small": "z"})
    response = responding(finished("Hello."), event=event, attributes=sent)
    assert response["sessionState"]["sessionAttributes"].keys() == {"large", "small"}
    assert response["requestAttributes"] == {"small": "z"}
    assert contents(response) == [TOO_LONG]
    assert size_of(response) <= 50_000
    for other in (delegate(event._replace(session_attributes=sent)), apology(event, "Sorry.")):
        assert size_of(dict(other)) <= 50_000


def test_attributes_count_towards_the_size() -> None:
    response = responding(finished("word " * 5_000), attributes={"history": "x" * 10_000})
    assert 20_000 < size_of(response) <= 24_000


@examples(0.5)
@given(
    st.integers(0, 30_000),
    st.lists(st.integers(1, 1_400), max_size=MAX_ADDED_MESSAGES),
    st.integers(0, 400),
    st.integers(0, 3),
    st.sampled_from("a字😀<\n"),
)
def test_a_long_reply_and_all_else_fit_together(
    length: int, texts: list[int], prompt: int, cards: int, character: str
) -> None:
    cards = min(cards, MAX_ADDED_MESSAGES - len(texts))
    decision = Decision(
        CONFIRM,
        "Q" * prompt,
        tuple(Text("word " * (size // 5) + "x") for size in texts),
        (Card("t" * 250, "s" * 250, "u" * 250, [Button("b" * 50, "v" * 50)] * 5),) * cards,
    )
    text = ((character * 9 + " ") * (length // 10)).strip()
    says_something = bool(text) or decision.says_something
    reply = finished(text) if says_something else Reply(Outcome.EMPTY, "", "I have no answer.")
    response = responding(reply, decision)
    assert size_of(response) <= 24_000
    found = contents(response)
    added = [each.content for each in decision.messages if isinstance(each, Text)]
    assert [each for each in found if each in added][-len(added) :] == added
    assert sum(each is None for each in found) == cards


# --- the session


def test_a_close_hands_back_what_lex_and_its_client_need(
    load_event: Callable[[str], dict[str, Any]],
) -> None:
    event = LexEvent.from_dict(load_event("connect_chat_dialog_hook"))
    assert closing(event, event.session_attributes, Text("Knock knock.")) == {
        "sessionState": {
            "dialogAction": {"type": "Close"},
            "intent": {
                "name": "FallbackIntent",
                "slots": {},
                "state": "Fulfilled",
                "confirmationState": "None",
            },
            "sessionAttributes": {
                "x-amz-lex:connect-originating-request-id": "asdf-356c-asdf-asdf-1f45c0eaf3b1"
            },
        },
        "messages": [{"contentType": "CustomPayload", "content": "Knock knock."}],
        "requestAttributes": {
            "x-amz-lex:accept-content-types": "PlainText",
            "x-amz-lex:channels:platform": "Connect Chat",
        },
    }


def test_the_previous_reply_is_not_handed_back(load_event: Callable[[str], dict[str, Any]]) -> None:
    """Lex Web UI sends it along."""
    event = LexEvent.from_dict(load_event("lex_web_ui_second_turn"))
    attributes = closing(event, event.session_attributes)["sessionState"]["sessionAttributes"]
    assert set(attributes) == {"streamingEndpoint", "streamingDynamoDbTable", "appContext"}


def test_there_is_always_a_map_of_session_attributes() -> None:
    response = closing(MINIMAL, {})
    assert response["sessionState"]["sessionAttributes"] == {}
    assert "requestAttributes" not in response


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (3, "3"),
        (["a"], '["a"]'),
        (True, "true"),
        (OSError("x"), '"x"'),
        ("", ""),
        ("a\ud83d", "a\ufffd"),
    ],
)
def test_attribute_values_become_strings(value: Any, kept: str) -> None:
    response = closing(MINIMAL, {"name": value})
    assert response["sessionState"]["sessionAttributes"] == {"name": kept}


@pytest.mark.parametrize("attributes", [{"": "x"}, {"name": None}])
def test_attributes_that_lex_does_not_take_are_left_out(attributes: dict[str, Any]) -> None:
    response = closing(MINIMAL, attributes)
    assert response["sessionState"]["sessionAttributes"] == {}


def test_active_contexts_are_handed_back() -> None:
    context = {
        "name": "ordering",
        "timeToLive": {"timeToLiveInSeconds": 90, "turnsToLive": 3},
        "contextAttributes": {"Item": "lamp"},
    }
    event = LexEvent.from_dict({"sessionState": {"activeContexts": [context]}})
    assert taken(closing(event, {}))["activeContexts"] == [context]


@pytest.mark.parametrize(
    ("action", "dialog_action", "state", "confirmation"),
    [
        (CLOSE, {"type": "Close"}, "Fulfilled", "Denied"),
        (FAIL, {"type": "Close"}, "Failed", "Denied"),
        (Action("Delegate"), {"type": "Delegate"}, "InProgress", "Denied"),
        (ELICIT, {"type": "ElicitSlot", "slotToElicit": "Item"}, "InProgress", "None"),
        (CONFIRM, {"type": "ConfirmIntent"}, "InProgress", "None"),
    ],
)
def test_an_action_goes_with_the_state_of_its_intent(
    action: Action, dialog_action: dict[str, str], state: str, confirmation: str
) -> None:
    event = of_order(None, "DialogCodeHook", "Denied")
    response = build(event, action, [Text("x")], {"a": "b"})
    assert taken(response, {"invocationSource": "DialogCodeHook"}) == {
        "dialogAction": dialog_action,
        "intent": {
            "name": "Order",
            "slots": {"Item": None},
            "state": state,
            "confirmationState": confirmation,
        },
        "sessionAttributes": {"a": "b"},
    }


def test_to_elicit_an_intent_is_to_name_none() -> None:
    response = build(of_order(None), Action("ElicitIntent"), [Text("What else?")], {})
    assert taken(response) == {"dialogAction": {"type": "ElicitIntent"}, "sessionAttributes": {}}


def test_changed_slots_are_handed_back_as_they_are_now() -> None:
    slots = {"Item": lex.slot_of(["blue"]), "Size": None}
    state = taken(build(of_order(lex.slot_of("red")), CLOSE, [Text("x")], {}, slots))
    assert state["intent"]["slots"] == slots


def test_a_slot_that_is_elicited_loses_its_value() -> None:
    slots = {"Item": lex.slot_of("blue"), "Size": lex.slot_of("large")}
    response = build(of_order(lex.slot_of("red")), ELICIT, [], {}, slots)
    left = {"Item": None, "Size": lex.slot_of("large")}
    assert taken(response)["intent"]["slots"] == left


# --- delegate and apology


def test_a_delegate_carries_the_slots_on_as_they_were() -> None:
    event = of_order(lex.slot_of("red"), "DialogCodeHook")
    response = delegate(event)
    assert response["sessionState"]["dialogAction"] == {"type": "Delegate"}
    assert response["sessionState"]["intent"]["slots"] == event.intent.slots
    assert "messages" not in response


@pytest.mark.parametrize("event", [None, [], {}, {"sessionState": 1}, {"sessionState": {}}])
def test_an_apology_is_a_valid_failed_close(event: list[Any] | dict[str, Any] | None) -> None:
    """Whatever came in."""
    response = apology(event, "Sorry.")
    assert response["sessionState"]["dialogAction"] == {"type": "Close"}
    assert response["sessionState"]["intent"]["state"] == "Failed"
    assert response["messages"] == [{"contentType": "CustomPayload", "content": "Sorry."}]


def test_an_apology_keeps_the_session(load_event: Callable[[str], dict[str, Any]]) -> None:
    response = apology(load_event("lex_web_ui_second_turn"), "Sorry.")
    assert "streamingEndpoint" in response["sessionState"]["sessionAttributes"]


@pytest.mark.parametrize(
    ("name", "odd"),
    [("inputTranscript", 5), ("bot", "x"), ("sessionId", []), ("interpretations", {})],
)
def test_an_odd_event_costs_no_session(
    load_event: Callable[[str], dict[str, Any]], name: str, odd: Any
) -> None:
    event = load_event("lex_web_ui_second_turn")
    del event["sessionState"]["intent"]
    response = apology(event | {name: odd, "requestAttributes": {"a": "b"}}, "Sorry.")
    assert "streamingEndpoint" in taken(response)["sessionAttributes"]
    assert response["requestAttributes"] == {"a": "b"}


@pytest.mark.parametrize(
    "response",
    [
        build(FALLBACK, CLOSE, [Card("a\ud83d", buttons=[Button("\ud83d", "\udc00")])], {}),
        build(FALLBACK, CLOSE, [Text("a\ud83d")], {"\ud83d": "\udc00"}),
        build(FALLBACK, Action("ElicitSlot", "\ud83d"), [], {}, {"\ud83d": lex.slot_of("\udc00")}),
        build(FALLBACK._replace(intent=lex.Intent("\ud83d")), CLOSE, [Text("x")], {}),
    ],
)
def test_half_characters_of_a_handler_are_repaired(response: dict[str, Any]) -> None:
    json.dumps(response, ensure_ascii=False).encode()
