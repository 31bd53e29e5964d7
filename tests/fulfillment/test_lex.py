import pytest

from fulfillment import lex
from fulfillment.errors import InvalidLexEvent
from fulfillment.lex import LexEvent

MINIMAL = {"sessionState": {}}


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
    event = LexEvent.from_dict(MINIMAL)
    assert event == LexEvent(session_id="", utterance="", intent=lex.Intent("FallbackIntent"))


@pytest.mark.parametrize("key", ["sessionAttributes", "activeContexts", "intent"])
def test_a_null_is_as_good_as_nothing(key):
    assert LexEvent.from_dict({"sessionState": {key: None}}) == LexEvent.from_dict(MINIMAL)


def test_the_intent_is_taken_from_the_interpretations_where_the_state_has_none():
    event = {"sessionState": {}, "interpretations": [{"intent": {"name": "Order"}}]}
    assert LexEvent.from_dict(event).intent.name == "Order"


def test_unknown_fields_are_ignored(load_event):
    known = load_event("console_test_window")
    unknown = known | {"somethingNew": {"a": [1]}, "messageVersion": "9.9"}
    assert LexEvent.from_dict(unknown) == LexEvent.from_dict(known)


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
        ("odd", None),
    ],
)
def test_slots_are_what_was_understood(slot, value):
    assert LexEvent.from_dict(with_slot(slot)).slots == {"Item": value}


def test_close_hands_back_what_lex_and_its_client_need(load_event):
    event = LexEvent.from_dict(load_event("connect_chat_dialog_hook"))
    response = lex.close(event, ["Knock knock."], event.session_attributes)
    assert response == {
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
    attributes = lex.close(event, ["x"], event.session_attributes)["sessionState"][
        "sessionAttributes"
    ]
    assert set(attributes) == {"streamingEndpoint", "streamingDynamoDbTable", "appContext"}


def test_close_always_has_a_map_of_session_attributes():
    response = lex.close(LexEvent.from_dict(MINIMAL), ["x"], {})
    assert response["sessionState"]["sessionAttributes"] == {}
    assert "requestAttributes" not in response


def test_close_turns_attribute_values_into_strings():
    response = lex.close(LexEvent.from_dict(MINIMAL), ["x"], {"count": 3})  # type: ignore[dict-item]
    assert response["sessionState"]["sessionAttributes"] == {"count": "3"}


def test_active_contexts_are_handed_back():
    event = LexEvent.from_dict({"sessionState": {"activeContexts": [{"name": "ordering"}]}})
    assert lex.close(event, ["x"], {})["sessionState"]["activeContexts"] == [{"name": "ordering"}]


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
