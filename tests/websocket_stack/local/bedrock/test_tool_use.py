"""Tool calls, their results and their inputs."""

from __future__ import annotations

import json

import pytest

from fulfillment.models.base import Message, ToolCall, ToolResult
from websocket_stack.local.bedrock.tool_use import Mismatch, input_fragments, mismatches


def calls(*ids: str) -> Message:
    return Message("assistant", tool_calls=tuple(ToolCall(id, "find", {}) for id in ids))


def results(*ids: str) -> Message:
    return Message("user", tool_results=tuple(ToolResult(id, "found") for id in ids))


QUESTION = Message("user", "Where?")
ANSWER = Message("assistant", "There.")


@pytest.mark.parametrize(
    ("messages", "found"),
    [
        ([], []),
        ([QUESTION, ANSWER, QUESTION], []),
        ([QUESTION, calls("1", "2"), results("2", "1"), ANSWER], []),
        ([QUESTION, calls("1", "2"), results("1")], [Mismatch(2, ("2",), ())]),
        ([QUESTION, calls("1"), QUESTION], [Mismatch(2, ("1",), ())]),
        ([QUESTION, calls("1")], [Mismatch(2, ("1",), ())]),
        ([QUESTION, ANSWER, results("1")], [Mismatch(2, (), ("1",))]),
        ([results("1")], [Mismatch(0, (), ("1",))]),
        ([QUESTION, calls("1"), results("1", "1")], [Mismatch(2, (), ("1",))]),
        ([QUESTION, calls("1"), results("2")], [Mismatch(2, ("1",), ("2",))]),
    ],
)
def test_mismatches(messages: list[Message], found: list[Mismatch]) -> None:
    assert list(mismatches(messages)) == found


def test_an_input_is_streamed_in_fragments() -> None:
    arguments = {"city": "Malmö", "days": 3}
    first, *fragments = input_fragments(ToolCall("1", "find", arguments))

    assert first == ""
    assert len(fragments) > 1
    assert json.loads("".join(fragments)) == arguments


def test_an_input_that_is_no_object_is_broken() -> None:
    assert "".join(input_fragments(ToolCall("1", "find", None))) == "{"
