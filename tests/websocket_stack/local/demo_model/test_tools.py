"""Which tool the demo model calls, and what it says of the results."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.models.base import ToolCall, ToolResult, ToolSpec
from websocket_stack.local.demo_model.tools import LOOKING, act, chosen, markdown, told

ORDERS = ToolSpec(
    "find_order",
    "Look up the state of an order.",
    {
        "type": "object",
        "properties": {"order_id": {"type": "string", "description": "As on the receipt."}},
        "required": ["order_id"],
    },
)
WEATHER = ToolSpec(
    "getWeather",
    "Tell the forecast for a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
TIME = ToolSpec("time", "", {"type": "object"})
TOOLS = (ORDERS, WEATHER, TIME)


@pytest.mark.parametrize(
    ("said", "tool"),
    [
        ("Where are my orders?", ORDERS),
        ("I have lost the receipt", ORDERS),
        ("What's the weather like?", WEATHER),
        ("give me a forecast", WEATHER),
        ("Which city is it?", WEATHER),
        ("the weather order", ORDERS),
        ("What time is it?", TIME),
        ("hello", None),
        ("look it up, tell me, get it", None),
        ("", None),
    ],
)
def test_the_tool_that_shares_most_words_is_chosen(said, tool) -> None:
    assert chosen(said, TOOLS) == tool


def test_it_says_that_it_looks_and_calls() -> None:
    said = act("Where is order A-17?", TOOLS)

    assert said is not None
    assert said.text == LOOKING
    [call] = said.tool_calls
    assert (call.name, call.arguments) == ("find_order", {"order_id": "A-17"})


def test_it_asks_for_what_is_missing() -> None:
    said = act("Where is my order?", TOOLS)

    assert said is not None
    assert said.text == (
        "For that I need to know one thing more (order id: As on the receipt). What is it?"
    )
    assert said.tool_calls == ()


def test_where_no_tool_fits_it_does_nothing() -> None:
    assert act("hello", TOOLS) is None
    assert act("hello", ()) is None


# --- results


def test_results_are_told_by_the_names_of_their_tools() -> None:
    calls = (ToolCall("1", "find_order", {}), ToolCall("2", "time", {}))
    results = (ToolResult("1", '{"state": "sent"}'), ToolResult("2", "noon"), ToolResult("3", "x"))

    assert told(results, calls) == (
        "The tool `find_order` says:\n\n- **state**: sent\n\n"
        "The tool `time` says: noon\n\n"
        "The tool says: x"
    )


def test_a_failure_is_told_as_one() -> None:
    assert told([ToolResult("1", "There is no order 5.", failed=True)], ()) == (
        "The tool could not do that. It says: There is no order 5."
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It rains.\n", "It rains."),
        ('"It rains."', "It rains."),
        ("21.5", "21.5"),
        ("{}", "{}"),
        ("[]", "[]"),
        ("{not JSON", "{not JSON"),
        ('{"a": 1, "b": null, "c": true}', "- **a**: 1\n- **b**: null\n- **c**: true"),
        ('{"a": "two\\nlines"}', "- **a**: two lines"),
        ('[{"a": 1, "b": "x"}, {"a": 2}]', "- a: 1, b: x\n- a: 2"),
        ('{"a": [1, 2], "b": {"c": {"d": [3]}}}', "- **a**: 1, 2\n- **b**: c: d: [3]"),
        ("[" * 5000, "[" * 5000),
    ],
)
def test_json_is_shown_as_a_list(text, shown) -> None:
    assert markdown(text) == shown


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(json_values.filter(lambda value: isinstance(value, list | dict) and bool(value)))
def test_each_value_of_an_object_or_list_has_its_line(value) -> None:
    assert len(markdown(json.dumps(value)).split("\n")) == len(value)
