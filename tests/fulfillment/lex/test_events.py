import pytest

from fulfillment.errors import InvalidLexEvent
from fulfillment.lex import events as lex
from fulfillment.lex.dialog_actions import Action, Button, Card, Text
from fulfillment.lex.events import LexEvent
from turns import taken

MINIMAL = {"sessionState": {}}
CLOSE = Action()


def parsed(event):
    """Return an event as parsed, without what it was parsed from."""
    return LexEvent.from_dict(event)._replace(raw={})


def close(event, attributes, *messages):
    """Return what closes a turn; Lex takes it."""
    response = lex.respond(event, CLOSE, messages or [Text("x")], attributes)
    taken(response)
    return response


def with_slot(slot):
    return {"sessionState": {"intent": {"name": "Order", "slots": {"Item": slot}}}}


def test_a_console_test_window_event_is_read(load_event):
    event = LexEvent.from_dict(load_event("console_test_window"))
    assert event.session_id == "395283877816774"
    assert event.utterance == "lambda"
    assert event.intent.name == "FallbackIntent"
    assert event.locale == "ja_JP"
    assert event.is_answered_now
    assert not event.wants_frames


def test_a_lex_web_ui_turn_with_an_empty_table_attribute_wants_frames(load_event):
    assert LexEvent.from_dict(load_event("lex_web_ui_second_turn")).wants_frames


@pytest.mark.parametrize("mode", ["Speech", "DTMF"])
def test_a_voice_turn_wants_no_frames(load_event, mode):
    event = load_event("lex_web_ui_second_turn") | {"inputMode": mode}
    assert not LexEvent.from_dict(event).wants_frames


def test_all_that_lex_may_leave_out_has_a_default():
    event = LexEvent(session_id="", utterance="", intent=lex.Intent("FallbackIntent"))
    assert parsed(MINIMAL) == event


def test_the_event_itself_is_kept(load_event):
    event = load_event("console_test_window")
    assert LexEvent.from_dict(event).raw == event


@pytest.mark.parametrize("key", ["sessionAttributes", "activeContexts", "intent"])
def test_a_null_is_as_good_as_nothing(key):
    assert parsed({"sessionState": {key: None}}) == parsed(MINIMAL)


def test_the_intent_is_taken_from_the_interpretations_where_the_state_has_none():
    event = {"sessionState": {}, "interpretations": [{"intent": {"name": "Order"}}]}
    assert LexEvent.from_dict(event).intent.name == "Order"


def test_unknown_fields_are_ignored(load_event):
    known = load_event("console_test_window")
    unknown = known | {"somethingNew": {"a": [1]}, "messageVersion": "9.9"}
    assert parsed(unknown) == parsed(known)


@pytest.mark.parametrize(
    ("event", "named"),
    [
        (None, "event"),
        ("text", "event"),
        ({}, "event.sessionState"),
        ({"sessionState": []}, "event.sessionState"),
        (
            {"sessionState": {"sessionAttributes": {"a": 1}}},
            "event.sessionState.sessionAttributes",
        ),
        ({"sessionState": {}, "inputTranscript": 5}, "event.inputTranscript"),
        ({"sessionState": {}, "interpretations": {}}, "event.interpretations"),
        ({"sessionState": {}, "interpretations": ["x"]}, "interpretations[0]"),
    ],
)
def test_an_event_that_lex_does_not_send_is_refused_by_the_key(event, named):
    with pytest.raises(InvalidLexEvent) as caught:
        LexEvent.from_dict(event)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("slot", "value"),
    [
        (None, None),
        ({"value": {"interpretedValue": "red", "originalValue": "crimson"}}, "red"),
        ({"value": {"originalValue": "crimson"}}, "crimson"),
        ({"shape": "Scalar", "value": None}, None),
        (
            {"shape": "List", "values": [{"value": {"interpretedValue": "a"}}, None]},
            ["a", None],
        ),
        (
            {"shape": "Composite", "subSlots": {"City": {"value": {"interpretedValue": "Bern"}}}},
            {"City": "Bern"},
        ),
        (
            {
                "shape": "Composite",
                "subSlots": {
                    "Cities": {"shape": "List", "values": [{"value": {"originalValue": "Bern"}}]},
                    "Street": None,
                },
            },
            {"Cities": ["Bern"], "Street": None},
        ),
        ({"shape": "List", "values": []}, []),
        ({"shape": "Composite", "subSlots": {}}, {}),
        ({"shape": "Scalar", "value": {"interpretedValue": 5}}, None),
        ("odd", None),
    ],
)
def test_slots_are_what_was_understood(slot, value):
    assert LexEvent.from_dict(with_slot(slot)).slots == {"Item": value}


@pytest.mark.parametrize(
    ("slot", "values"),
    [
        ({"value": {"resolvedValues": ["red", "crimson"]}}, ["red", "crimson"]),
        ({"value": {"resolvedValues": []}}, []),
        ({"value": {"interpretedValue": "red"}}, []),
        ({"value": {"resolvedValues": ["red", None, 5]}}, ["red"]),
        ({"shape": "List", "values": []}, []),
        (None, []),
        ("odd", []),
    ],
)
def test_a_slot_may_mean_several_values_of_its_type(slot, values):
    assert LexEvent.from_dict(with_slot(slot)).resolutions == {"Item": values}


@pytest.mark.parametrize("value", ["red", ["red", "blue"], [], None])
def test_a_slot_that_is_set_is_read_as_it_was_set(value):
    assert LexEvent.from_dict(with_slot(lex.slot_of(value))).slots == {"Item": value}


def test_a_slot_that_is_set_has_all_the_values_that_lex_wants():
    assert lex.slot_of(["red"]) == {
        "shape": "List",
        "values": [
            {
                "shape": "Scalar",
                "value": {
                    "originalValue": "red",
                    "interpretedValue": "red",
                    "resolvedValues": ["red"],
                },
            }
        ],
    }


def test_close_hands_back_what_lex_and_its_client_need(load_event):
    event = LexEvent.from_dict(load_event("connect_chat_dialog_hook"))
    assert close(event, event.session_attributes, Text("Knock knock.")) == {
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


def test_close_leaves_out_the_previous_reply_that_lex_web_ui_sends_along(load_event):
    event = LexEvent.from_dict(load_event("lex_web_ui_second_turn"))
    attributes = close(event, event.session_attributes)["sessionState"]["sessionAttributes"]
    assert set(attributes) == {"streamingEndpoint", "streamingDynamoDbTable", "appContext"}


def test_close_always_has_a_map_of_session_attributes():
    response = close(LexEvent.from_dict(MINIMAL), {})
    assert response["sessionState"]["sessionAttributes"] == {}
    assert "requestAttributes" not in response


@pytest.mark.parametrize(
    ("value", "kept"),
    [(3, "3"), (["a"], '["a"]'), (True, "true"), (OSError("x"), '"x"'), ("", "")],
)
def test_close_turns_attribute_values_into_strings(value, kept):
    response = close(LexEvent.from_dict(MINIMAL), {"name": value})
    assert response["sessionState"]["sessionAttributes"] == {"name": kept}


@pytest.mark.parametrize("attributes", [{"": "x"}, {"name": None}])
def test_close_leaves_out_an_attribute_that_lex_does_not_take(attributes):
    response = close(LexEvent.from_dict(MINIMAL), attributes)
    assert response["sessionState"]["sessionAttributes"] == {}


def test_active_contexts_are_handed_back():
    event = LexEvent.from_dict({"sessionState": {"activeContexts": [{"name": "ordering"}]}})
    response = lex.respond(event, CLOSE, [Text("x")], {})
    assert response["sessionState"]["activeContexts"] == [{"name": "ordering"}]


@pytest.mark.parametrize(
    ("action", "dialog_action", "state", "confirmation"),
    [
        (Action("Close"), {"type": "Close"}, "Fulfilled", "Denied"),
        (Action("Close", failed=True), {"type": "Close"}, "Failed", "Denied"),
        (Action("Delegate"), {"type": "Delegate"}, "InProgress", "Denied"),
        (
            Action("ElicitSlot", "Item"),
            {"type": "ElicitSlot", "slotToElicit": "Item"},
            "InProgress",
            "None",
        ),
        (Action("ConfirmIntent"), {"type": "ConfirmIntent"}, "InProgress", "None"),
    ],
)
def test_what_lex_does_next_goes_with_the_state_of_its_intent(
    action, dialog_action, state, confirmation
):
    event = with_slot(None) | {"invocationSource": "DialogCodeHook"}
    event["sessionState"]["intent"]["confirmationState"] = "Denied"
    response = lex.respond(LexEvent.from_dict(event), action, [Text("x")], {"a": "b"})
    assert taken(response, event) == {
        "dialogAction": dialog_action,
        "intent": {
            "name": "Order",
            "slots": {"Item": None},
            "state": state,
            "confirmationState": confirmation,
        },
        "sessionAttributes": {"a": "b"},
    }


def test_to_elicit_an_intent_is_to_name_none():
    response = lex.respond(
        LexEvent.from_dict(with_slot(None)), Action("ElicitIntent"), [Text("What else?")], {}
    )
    assert taken(response) == {"dialogAction": {"type": "ElicitIntent"}, "sessionAttributes": {}}


def test_slots_that_changed_are_handed_back_as_they_are_now():
    event = LexEvent.from_dict(with_slot(lex.slot_of("red")))
    slots = {"Item": lex.slot_of(["blue"]), "Size": None}
    state = taken(lex.respond(event, CLOSE, [Text("x")], {}, slots))
    assert state["intent"]["slots"] == slots


def test_a_slot_that_is_elicited_loses_its_value():
    event = LexEvent.from_dict(with_slot(lex.slot_of("red")))
    slots = {"Item": lex.slot_of("blue"), "Size": lex.slot_of("large")}
    response = lex.respond(event, Action("ElicitSlot", "Item"), [], {}, slots)
    left = {"Item": None, "Size": lex.slot_of("large")}
    assert taken(response)["intent"]["slots"] == left


def test_messages_are_written_as_lex_takes_them():
    whole = Card("Lamp", "lit", "https://x/lamp.png", [Button("More", "Tell me more")])
    response = close(
        LexEvent.from_dict(MINIMAL),
        {},
        Text("**Hi**"),
        Text(""),
        Text("Hi", "PlainText"),
        Text("<speak>Hi</speak>", "SSML"),
        Card("Bare"),
        whole,
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


def test_without_a_message_lex_says_its_own():
    response = lex.respond(
        LexEvent.from_dict(with_slot(None)), Action("ElicitSlot", "Item"), [], {}
    )
    taken(response)
    assert "messages" not in response


def test_a_dialog_hook_of_an_intent_with_slots_is_delegated_back():
    event = LexEvent.from_dict(
        with_slot({"value": {"interpretedValue": "red"}}) | {"invocationSource": "DialogCodeHook"}
    )
    assert not event.is_answered_now
    response = lex.delegate(event)
    assert response["sessionState"]["dialogAction"] == {"type": "Delegate"}
    # A Delegate must carry the slots on as they were.
    assert response["sessionState"]["intent"]["slots"] == event.intent.slots
    assert "messages" not in response


def test_fallback_is_answered_at_whichever_hook_calls_first(load_event):
    assert LexEvent.from_dict(load_event("connect_chat_dialog_hook")).is_answered_now
    assert LexEvent.from_dict(load_event("console_test_window")).is_answered_now


@pytest.mark.parametrize("event", [None, [], {}, {"sessionState": 1}, {"sessionState": {}}])
def test_an_apology_is_a_valid_failed_close_whatever_came_in(event):
    response = lex.apology(event, "Sorry.")
    assert response["sessionState"]["dialogAction"] == {"type": "Close"}
    assert response["sessionState"]["intent"]["state"] == "Failed"
    assert response["messages"] == [{"contentType": "CustomPayload", "content": "Sorry."}]
