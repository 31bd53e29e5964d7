from __future__ import annotations

import json
import math
from typing import Any

import pytest

from fulfillment.lex.session_state import (
    contexts_of,
    session_attributes_of,
    slots_of,
    texts_of,
)

LIFE = {"timeToLiveInSeconds": 90, "turnsToLive": 3}
CONTEXT = {"name": "ordering", "timeToLive": LIFE, "contextAttributes": {"Item": "lamp"}}
VALUE = {"originalValue": "crimson", "interpretedValue": "red", "resolvedValues": ["red"]}
SCALAR = {"shape": "Scalar", "value": VALUE}
COMPOSITE = {"shape": "Composite", "subSlots": {"City": SCALAR, "Street": None}}


def nested(levels: int) -> dict[str, Any]:
    slot: dict[str, Any] = SCALAR
    for _ in range(levels):
        slot = {"shape": "List", "values": [slot]}
    return slot


@pytest.mark.parametrize(
    "slot", [None, SCALAR, {"shape": "List", "values": [SCALAR, {}]}, COMPOSITE, {}]
)
def test_a_slot_of_lex_stays_as_it_is(slot: dict[str, Any] | None) -> None:
    assert slots_of({"Item": slot}) == {"Item": slot}


@pytest.mark.parametrize(
    ("slot", "kept"),
    [
        ("red", None),
        ([SCALAR], None),
        ({"shape": "Square", "value": VALUE}, {"value": VALUE}),
        ({"shape": "Scalar", "value": "red"}, {"shape": "Scalar"}),
        ({"value": {"interpretedValue": 5}}, {}),
        (
            {"value": {"resolvedValues": [5, "a"]}},
            {"value": {"interpretedValue": "a", "resolvedValues": ["a"]}},
        ),
        ({"values": [None, "red"]}, {"values": [{}, {}]}),
        ({"subSlots": {"": SCALAR, "City": 5}}, {"subSlots": {"City": None}}),
    ],
)
def test_what_is_no_slot_is_empty(slot: Any, kept: dict[str, Any] | None) -> None:
    assert slots_of({"Item": slot}) == {"Item": kept}


@pytest.mark.parametrize("slots", [None, "text", [SCALAR], 5])
def test_of_no_slots_there_are_none(slots: Any) -> None:
    assert slots_of(slots) == {}


def test_slots_nested_too_deeply_end_somewhere() -> None:
    assert slots_of({"Item": nested(40)}) == {"Item": nested(40)}
    assert "red" not in json.dumps(slots_of({"Item": nested(400)}))


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, {}),
        ({"contextAttributes": None}, {"contextAttributes": {}}),
        (
            {"contextAttributes": {"a": 1, "b": None, "c": "", "d": "x" * 1025}},
            {"contextAttributes": {"a": "1"}},
        ),
        ({"new": 1}, {}),
        (
            {"timeToLive": {"timeToLiveInSeconds": 3, "turnsToLive": 99}},
            {"timeToLive": {"timeToLiveInSeconds": 5, "turnsToLive": 20}},
        ),
    ],
)
def test_a_context_goes_back_as_lex_takes_it(change: dict[str, Any], kept: dict[str, Any]) -> None:
    assert contexts_of([CONTEXT | change]) == [CONTEXT | kept]


@pytest.mark.parametrize(
    "context",
    [
        None,
        "ordering",
        {},
        CONTEXT | {"name": ""},
        CONTEXT | {"name": "a b"},
        CONTEXT | {"name": "\ud83d"},
        CONTEXT | {"name": "x" * 101},
        CONTEXT | {"timeToLive": None},
        CONTEXT | {"timeToLive": LIFE | {"turnsToLive": 0}},
        CONTEXT | {"timeToLive": LIFE | {"turnsToLive": True}},
        CONTEXT | {"timeToLive": LIFE | {"timeToLiveInSeconds": math.nan}},
        CONTEXT | {"timeToLive": LIFE | {"timeToLiveInSeconds": "90"}},
    ],
)
def test_what_is_no_context_or_over_is_left_out(context: str | dict[str, Any] | None) -> None:
    assert contexts_of([context, CONTEXT]) == [CONTEXT]


def test_there_are_as_many_contexts_as_lex_takes() -> None:
    assert len(contexts_of([CONTEXT] * 30)) == 20


def test_what_cannot_be_written_is_left_out() -> None:
    circle: list[Any] = []
    circle.append(circle)
    assert texts_of({"a": circle, "b": "x"}) == {"b": "x"}


@pytest.mark.parametrize(
    ("context", "kept"),
    [
        ({"altMessages": {"html": "<b>Old</b>"}, "responseCard": {}, "theme": 1}, {"theme": 1}),
        ({"altMessages": {"markdown": "**Old**", "ssml": "Old"}}, {}),
        ({"responseCard": {"version": "1"}}, {}),
    ],
)
def test_what_an_earlier_turn_had_shown_is_left_out(
    context: dict[str, Any], kept: dict[str, int]
) -> None:
    """Lex Web UI would show it again, instead of each later reply."""
    attributes = session_attributes_of({"appContext": json.dumps(context), "user": "u"})
    assert attributes == {"appContext": json.dumps(kept), "user": "u"}


@pytest.mark.parametrize(
    "context", ["{}", '{ "a" : 1 }', '"altMessages"', '["responseCard"]', "{altMessages}", "", "["]
)
def test_any_other_context_of_a_client_stays_as_it_is(context: str) -> None:
    assert session_attributes_of({"appContext": context}) == {"appContext": context}


def test_a_context_that_is_no_text_is_read_as_well() -> None:
    attributes = session_attributes_of({"appContext": {"altMessages": {}, "a": [1]}})
    assert attributes == {"appContext": '{"a": [1]}'}
