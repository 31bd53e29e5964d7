"""Which tool the demo model calls, with which arguments, and how it tells results."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.models.base import ToolCall, ToolResult, ToolSpec
from websocket_stack.local.demo_model.tools import LOOKING, best_tool, markdown, tell, use_tool


def tool(name: str, description: str, /, **properties: Any) -> ToolSpec:
    """Return a tool whose parameters are all required."""
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return ToolSpec(name, description, schema)


TEXT = {"type": "string"}
ORDERS = tool(
    "find_order",
    "Look up the state of an order.",
    order_id=TEXT | {"description": "On the receipt."},
)
WEATHER = tool("getWeather", "Tell the forecast for a city.", city=TEXT)
TIME = tool("time", "")
TOOLS = (ORDERS, WEATHER, TIME)


# --- calls


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("Where are my orders?", ORDERS),
        ("I have lost the receipt", ORDERS),
        ("What's the weather like?", WEATHER),
        ("give me a forecast", WEATHER),
        ("Which city is it?", WEATHER),
        ("the weather order", ORDERS),
        ("What time is it?", TIME),
        ("look it up, tell me, get it", None),
        ("", None),
    ],
)
def test_the_tool_that_shares_most_words_is_called(question: str, best: ToolSpec | None) -> None:
    assert best_tool(question, TOOLS) == best


@pytest.mark.parametrize(
    ("schema", "question", "argument"),
    [
        (TEXT, "Where is order A-1042?", "A-1042"),
        (TEXT, "has order (ORD_77/b.2) come", "ORD_77/b.2"),
        (TEXT, 'the order of "two lamps" in 2026', "two lamps"),
        (TEXT, "the order of “two lamps”", "two lamps"),
        (TEXT | {"default": "all"}, "my orders", "all"),
        ({"type": "integer"}, "order 3 lamps", 3),
        ({"type": "number"}, "order -2.5 lamps", -2.5),
        ({"type": "integer", "default": 7}, "order 1,000 lamps", 7),
        ({"enum": ["small", "next_day"]}, "order it for the NEXT day", "next_day"),
    ],
)
def test_an_argument_is_found_in_the_question(
    schema: dict[str, Any], question: str, argument: str | float
) -> None:
    message = use_tool(question, [tool("order", "", it=schema)])

    assert message is not None
    assert message.text == LOOKING
    assert message.tool_calls == (ToolCall("tooluse_demo", "order", {"it": argument}),)


@pytest.mark.parametrize(
    ("schema", "missing"),
    [
        (TEXT, "order id: an id, a number or “quoted words”"),
        (TEXT | {"description": "As on the receipt."}, "order id: As on the receipt"),
        ({"enum": ["small", 2]}, "order id: small, 2"),
        ({"type": "integer"}, "order id: an id, a number or “quoted words”"),
    ],
)
def test_a_missing_argument_is_asked_for(schema: dict[str, Any], missing: str) -> None:
    message = use_tool("Where is my order?", [tool("order", "", orderId=schema)])

    assert message is not None
    assert message.text == f"For that I need to know one thing more ({missing}). What is it?"
    assert message.tool_calls == ()


def test_optional_arguments_are_left_out() -> None:
    schema = {"type": "object", "properties": {"days": {"type": "integer"}}}
    message = use_tool("order for 3 days", [ToolSpec("order", "", schema)])

    assert message is not None and message.tool_calls[0].arguments == {}


def test_where_no_tool_fits_none_is_called() -> None:
    assert use_tool("hello", TOOLS) is None
    assert use_tool("hello", ()) is None


# --- results


def test_results_are_told_by_tool() -> None:
    calls = (ToolCall("1", "find_order", {}), ToolCall("2", "time", {}))
    results = (ToolResult("1", '{"state": "sent"}'), ToolResult("2", "noon"), ToolResult("3", "x"))

    assert tell(results, calls) == (
        "The tool `find_order` says:\n\n- **state**: sent\n\n"
        "The tool `time` says: noon\n\n"
        "The tool says: x"
    )


def test_a_failure_is_told_as_one() -> None:
    assert tell([ToolResult("1", "There is no order 5.", failed=True)], ()) == (
        "The tool could not do that. It says: There is no order 5."
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It rains.\n", "It rains."),
        ('"It rains."', "It rains."),
        ("21.5", "21.5"),
        ("{}", "{}"),
        ("{not JSON", "{not JSON"),
        (
            '{"a": 1, "b": null, "c": "two\\nlines"}',
            "- **a**: 1\n- **b**: null\n- **c**: two lines",
        ),
        ('["x", {"a": "ü"}]', '- x\n- {"a": "ü"}'),
        ("[" * 5000, "[" * 5000),
    ],
)
def test_json_is_shown_as_a_list(text: str, shown: str) -> None:
    assert markdown(text) == shown


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(json_values.filter(lambda value: isinstance(value, list | dict) and bool(value)))
def test_each_value_has_its_line(value: Any) -> None:
    assert len(markdown(json.dumps(value)).split("\n")) == len(value)
