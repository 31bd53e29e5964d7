from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fulfillment.errors import InvalidLexEvent
from fulfillment.lex import events as lex
from fulfillment.lex.events import LexEvent

MINIMAL: dict[str, Any] = {"sessionState": {}}


def parsed(event: dict[str, Any]) -> LexEvent:
    """Return an event as parsed, without what it was parsed from."""
    return LexEvent.from_dict(event)._replace(raw={})


def with_slot(slot: Any) -> dict[str, Any]:
    return {"sessionState": {"intent": {"name": "Order", "slots": {"Item": slot}}}}


def test_a_console_test_window_event_is_read(load_event: Callable[[str], dict[str, Any]]) -> None:
    event = LexEvent.from_dict(load_event("console_test_window"))
    assert event.session_id == "395283877816774"
    assert event.utterance == "lambda"
    assert event.intent.name == "FallbackIntent"
    assert event.locale == "ja_JP"
    assert event.is_answered_now
    assert not event.wants_frames


def test_a_lex_web_ui_turn_wants_frames(load_event: Callable[[str], dict[str, Any]]) -> None:
    assert LexEvent.from_dict(load_event("lex_web_ui_second_turn")).wants_frames


@pytest.mark.parametrize("mode", ["Speech", "DTMF"])
def test_a_voice_turn_wants_no_frames(
    load_event: Callable[[str], dict[str, Any]], mode: str
) -> None:
    event = load_event("lex_web_ui_second_turn") | {"inputMode": mode}
    assert not LexEvent.from_dict(event).wants_frames


def test_all_that_lex_may_leave_out_has_a_default() -> None:
    event = LexEvent(session_id="", utterance="", intent=lex.Intent("FallbackIntent"))
    assert parsed(MINIMAL) == event


def test_the_event_itself_is_kept(load_event: Callable[[str], dict[str, Any]]) -> None:
    event = load_event("console_test_window")
    assert LexEvent.from_dict(event).raw == event


@pytest.mark.parametrize("key", ["sessionAttributes", "activeContexts", "intent"])
def test_a_null_is_as_good_as_nothing(key: str) -> None:
    assert parsed({"sessionState": {key: None}}) == parsed(MINIMAL)


def test_the_intent_may_be_in_the_interpretations() -> None:
    event = {"sessionState": {}, "interpretations": [{"intent": {"name": "Order"}}]}
    assert LexEvent.from_dict(event).intent.name == "Order"


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ({"a": None, "b": "x"}, {"b": "x"}),
        ({"a": 1, "b": {"c": [True, None]}}, {"a": "1", "b": '{"c": [true, null]}'}),
        ({"a": "\ud83d", "\ude00": "x"}, {"a": "\ufffd", "\ufffd": "x"}),
        ({"": "x"}, {}),
        ("text", {}),
        ([["a", "b"]], {}),
    ],
)
def test_one_odd_attribute_costs_no_turn(values: Any, texts: dict[str, str]) -> None:
    state = {"sessionState": {"sessionAttributes": values}}
    event = LexEvent.from_dict(state | {"requestAttributes": values})
    assert event.session_attributes == event.request_attributes == texts


def test_half_characters_are_repaired_where_they_come_in() -> None:
    value = {"originalValue": "\ud83d", "interpretedValue": "a\udc00"}
    event = LexEvent.from_dict(
        with_slot({"value": value, "shape": "Scalar"}) | {"inputTranscript": "Hi \ud83d"}
    )
    assert event.utterance == "Hi \ufffd"
    assert event.slots == {"Item": "a\ufffd"}


def test_unknown_fields_are_ignored(load_event: Callable[[str], dict[str, Any]]) -> None:
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
        ({"sessionState": {"intent": "Order"}}, "event.sessionState.intent"),
        ({"sessionState": {}, "inputTranscript": 5}, "event.inputTranscript"),
        ({"sessionState": {}, "interpretations": {}}, "event.interpretations"),
        ({"sessionState": {}, "interpretations": ["x"]}, "interpretations[0]"),
    ],
)
def test_a_foreign_event_is_refused_by_the_key(
    event: str | dict[str, Any] | None, named: str
) -> None:
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
def test_slots_are_what_was_understood(slot: str | dict[str, Any] | None, value: Any) -> None:
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
def test_a_slot_may_mean_several_values(
    slot: str | dict[str, Any] | None, values: list[str]
) -> None:
    assert LexEvent.from_dict(with_slot(slot)).resolutions == {"Item": values}


@pytest.mark.parametrize("value", ["red", ["red", "blue"], [], None])
def test_a_slot_that_is_set_is_read_as_it_was_set(value: str | list[str] | None) -> None:
    assert LexEvent.from_dict(with_slot(lex.slot_of(value))).slots == {"Item": value}


def test_a_slot_that_is_set_has_all_that_lex_wants() -> None:
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


def test_a_dialog_hook_with_slots_is_not_answered_now() -> None:
    slot = with_slot({"value": {"interpretedValue": "red"}})
    event = LexEvent.from_dict(slot | {"invocationSource": "DialogCodeHook"})
    assert event.is_dialog
    assert not event.is_answered_now


@pytest.mark.parametrize("name", ["connect_chat_dialog_hook", "console_test_window"])
def test_fallback_is_answered_at_either_hook(
    load_event: Callable[[str], dict[str, Any]], name: str
) -> None:
    assert LexEvent.from_dict(load_event(name)).is_answered_now
