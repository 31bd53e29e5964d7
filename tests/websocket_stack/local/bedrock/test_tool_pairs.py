"""Calls and results that belong together."""

from __future__ import annotations

import pytest

from fulfillment.models.base import Message, ToolCall, ToolResult
from websocket_stack.local.bedrock.tool_pairs import Unpaired, unpaired


def calls(*ids: str) -> Message:
    return Message("assistant", tool_calls=tuple(ToolCall(id, "find", {}) for id in ids))


def results(*ids: str) -> Message:
    return Message("user", tool_results=tuple(ToolResult(id, "found") for id in ids))


ASKED = Message("user", "Where?")
DONE = Message("assistant", "There.")


@pytest.mark.parametrize(
    ("messages", "found"),
    [
        ([], []),
        ([ASKED, DONE, ASKED], []),
        ([ASKED, calls("1", "2"), results("2", "1"), DONE], []),
        ([ASKED, calls("1", "2"), results("1")], [Unpaired(2, ("2",), ())]),
        ([ASKED, calls("1"), ASKED], [Unpaired(2, ("1",), ())]),
        ([ASKED, calls("1")], [Unpaired(2, ("1",), ())]),
        ([ASKED, DONE, results("1")], [Unpaired(2, (), ("1",))]),
        ([results("1")], [Unpaired(0, (), ("1",))]),
        ([ASKED, calls("1"), results("1", "1")], [Unpaired(2, (), ("1",))]),
        ([ASKED, calls("1"), results("2")], [Unpaired(2, ("1",), ("2",))]),
    ],
)
def test_what_lacks_its_other_half_is_found(messages, found) -> None:
    assert list(unpaired(messages)) == found
