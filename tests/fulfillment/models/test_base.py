from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.models.base import Message, Prompt, ToolResult, parse_arguments

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Lone surrogates are no text that a stream could carry.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab ä"), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.text("ab ä"), JSON))
def test_an_object_is_read_as_it_was_written(arguments: dict[str, object]) -> None:
    assert parse_arguments(json.dumps(arguments)) == arguments


@pytest.mark.parametrize("nothing", ["", " ", "\n"])
def test_nothing_written_means_no_arguments(nothing: str) -> None:
    assert parse_arguments(nothing) == {}


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        '"text"',
        "null",
        "{",
        '{"city": "Par',
        "{'a': 1}",
        '{"a": NaN}',
        '{"a": [-1e999]}',
        "[" * 200_000,
    ],
)
def test_what_is_no_object_is_none(text: str) -> None:
    assert parse_arguments(text) is None


def test_a_round_adds_a_message_and_its_results() -> None:
    prompt = Prompt((Message("user", "Where is it?"),), system="Be brief.")
    call, result = Message("assistant", "One moment."), ToolResult("c1", "In Lyon.")
    assert prompt.extended(call, [result]) == prompt._replace(
        messages=(*prompt.messages, call, Message("user", tool_results=(result,)))
    )
