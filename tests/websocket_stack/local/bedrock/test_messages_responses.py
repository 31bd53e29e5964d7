"""How a reply is written in the form of Anthropic's Messages."""

from __future__ import annotations

import base64
import json
from typing import Any

from fulfillment.models.base import Completion, StopReason, ToolCall
from fulfillment.testing.scripted_model import ScriptedStream
from tests.websocket_stack.local.stream_events import read_events
from websocket_stack.local.bedrock.messages_responses import events, response

COMPLETION = Completion(
    "demo", StopReason.MAX_TOKENS, input_tokens=3, output_tokens=5, latency_ms=70
)
ARGUMENTS = {"city": "Malmö", "days": 3, "exact": True}
CALLS = Completion(
    "demo",
    StopReason.TOOL_USE,
    tool_calls=(ToolCall("t1", "get_weather", ARGUMENTS), ToolCall("t2", "get_time", {})),
)


def payloads_of(script: list[Any]) -> list[Any]:
    """Return what is in the blobs of a reply's ``chunk`` events."""
    read = read_events(events(ScriptedStream(script)))
    assert {name for name, _ in read} == {"chunk"}
    return [json.loads(base64.b64decode(payload["bytes"])) for _, payload in read]


def test_a_whole_reply() -> None:
    reply = dict(response("hello", COMPLETION))

    assert reply.pop("id").startswith("msg_bdrk_")
    assert reply == {
        "type": "message",
        "role": "assistant",
        "model": "demo",
        "content": [{"type": "text", "text": "hello"}],
        "stop_reason": "max_tokens",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 5},
    }


def test_a_whole_reply_with_calls() -> None:
    assert response("", CALLS)["content"] == [
        {"type": "tool_use", "id": "t1", "name": "get_weather", "input": ARGUMENTS},
        {"type": "tool_use", "id": "t2", "name": "get_time", "input": {}},
    ]


def test_a_streamed_reply() -> None:
    start, *payloads = payloads_of(["hello", COMPLETION])

    assert (start["type"], start["message"]["content"]) == ("message_start", [])
    assert payloads == [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": "hello"},
        },
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "max_tokens", "stop_sequence": None},
            "usage": {"output_tokens": 5},
        },
        {
            "type": "message_stop",
            "amazon-bedrock-invocationMetrics": {
                "inputTokenCount": 3,
                "outputTokenCount": 5,
                "invocationLatency": 70,
            },
        },
    ]


def test_calls_are_streamed_as_blocks_of_fragments() -> None:
    payloads = payloads_of(["Let me see.", CALLS])
    start, *deltas, _ = [payload for payload in payloads if payload.get("index") == 1]

    assert start["content_block"] == {
        "type": "tool_use",
        "id": "t1",
        "name": "get_weather",
        "input": {},
    }
    assert json.loads("".join(each["delta"]["partial_json"] for each in deltas)) == ARGUMENTS
    assert payloads[-2]["delta"]["stop_reason"] == "tool_use"


def test_unknown_figures_count_as_nothing() -> None:
    usage = response("", Completion("demo", StopReason.END_TURN))["usage"]

    assert usage == {"input_tokens": 0, "output_tokens": 0}
