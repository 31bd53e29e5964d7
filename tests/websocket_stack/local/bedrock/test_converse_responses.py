"""How Converse writes a reply."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fulfillment.errors import ModelInterrupted
from fulfillment.models.base import Completion, StopReason, ToolCall
from fulfillment.testing.scripted_model import ScriptedStream
from tests.websocket_stack.local.stream_events import read_events
from websocket_stack.local.bedrock.converse_responses import events, response

COMPLETION = Completion(
    "demo", StopReason.MAX_TOKENS, input_tokens=3, output_tokens=5, latency_ms=70
)
ARGUMENTS = {"city": "Malmö", "days": 3, "exact": True}
CALLS = Completion(
    "demo",
    StopReason.TOOL_USE,
    tool_calls=(ToolCall("t1", "get_weather", ARGUMENTS), ToolCall("t2", "get_time", {})),
)
METADATA = {
    "usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8},
    "metrics": {"latencyMs": 70},
}


def test_a_whole_reply() -> None:
    assert response("hello", COMPLETION) == {
        "output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}},
        "stopReason": "max_tokens",
        **METADATA,
    }


def test_a_whole_reply_with_calls() -> None:
    reply = response("Let me see.", CALLS)

    assert reply["output"]["message"]["content"] == [
        {"text": "Let me see."},
        {"toolUse": {"toolUseId": "t1", "name": "get_weather", "input": ARGUMENTS}},
        {"toolUse": {"toolUseId": "t2", "name": "get_time", "input": {}}},
    ]
    assert reply["stopReason"] == "tool_use"


def test_a_streamed_reply() -> None:
    assert read_events(events(ScriptedStream(["hel", "", "lo", COMPLETION]))) == [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "hel"}}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "lo"}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": "max_tokens"}),
        ("metadata", METADATA),
    ]


def blocks_of(script: list[Any]) -> dict[int, list[tuple[str, Any]]]:
    """Return the events of each content block of a reply, without their index."""
    blocks: dict[int, list[tuple[str, Any]]] = {}
    for name, payload in read_events(events(ScriptedStream(script))):
        if "contentBlockIndex" in payload:
            rest = payload.get("start") or payload.get("delta")
            blocks.setdefault(payload["contentBlockIndex"], []).append((name, rest))
    return blocks


def test_calls_are_streamed_as_blocks_of_fragments() -> None:
    blocks = blocks_of(["Let me see.", CALLS])

    assert list(blocks) == [0, 1, 2]
    start, *deltas, stop = blocks[1]
    assert start == (
        "contentBlockStart",
        {"toolUse": {"toolUseId": "t1", "name": "get_weather"}},
    )
    assert stop[0] == "contentBlockStop"
    fragments = [delta["toolUse"]["input"] for _, delta in deltas]
    assert len(fragments) > 2
    assert json.loads("".join(fragments)) == ARGUMENTS


def test_a_reply_of_calls_alone_has_no_text_block() -> None:
    blocks = blocks_of([CALLS])

    assert [block[0][0] for block in blocks.values()] == ["contentBlockStart"] * 2
    assert list(blocks) == [0, 1]


def test_an_input_that_is_no_object_stays_broken() -> None:
    broken = Completion("demo", StopReason.TOOL_USE, tool_calls=(ToolCall("t1", "find", None),))
    input = "".join(delta["toolUse"]["input"] for _, delta in blocks_of([broken])[0][1:-1])

    with pytest.raises(ValueError):
        json.loads(input)
    assert response("", broken)["output"]["message"]["content"][0]["toolUse"]["input"] == {}


def test_text_before_a_break_is_streamed() -> None:
    written = []
    with pytest.raises(ModelInterrupted):
        for part in events(ScriptedStream(["hello", ModelInterrupted("broke")])):
            written.append(part)

    assert [name for name, _ in read_events(written)] == ["messageStart", "contentBlockDelta"]


def test_unknown_figures_count_as_nothing() -> None:
    unknown = Completion("demo", StopReason.END_TURN)

    assert response("", unknown)["usage"]["totalTokens"] == 0
    [*_, metadata] = read_events(events(ScriptedStream([unknown])))
    assert metadata[1]["metrics"] == {"latencyMs": 0}
