"""Converse and Messages: how a reply is written."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from fakes import FakeStream
from fulfillment.errors import ModelInterrupted
from fulfillment.models.base import Completion, Message, Prompt, StopReason, ToolCall
from websocket_stack.local.bedrock.dialects import Converse, Messages
from websocket_stack.local.demo_model.model import DemoAnswer
from websocket_stack.local.demo_model.tools import Said

COMPLETION = Completion(
    "demo", StopReason.MAX_TOKENS, input_tokens=3, output_tokens=5, latency_ms=70
)
SILENT = Completion("demo", StopReason.END_TURN)
ARGUMENTS = {"city": "Malmö", "days": 3, "exact": True}
CALLING = Completion(
    "demo",
    "tool_use",
    tool_calls=(ToolCall("t1", "get_weather", ARGUMENTS), ToolCall("t2", "get_time", {})),
)


def events(parts: Iterable[bytes]) -> list[tuple[str, Any]]:
    buffer = EventStreamBuffer()
    for part in parts:
        buffer.add_data(part)
    return [(each.headers[":event-type"], json.loads(each.payload)) for each in buffer]


def anthropic_parts(parts: Iterable[bytes]) -> list[Any]:
    """Return what is in the blobs of ``chunk`` events."""
    read = events(parts)
    assert {name for name, _ in read} == {"chunk"}
    return [json.loads(base64.b64decode(payload["bytes"])) for _, payload in read]


def test_each_dialect_reads_its_own_requests() -> None:
    said = {"messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]}
    prompt = Prompt((Message("user", "hello"),), max_tokens=7)

    converse = {
        "messages": [{"role": "user", "content": [{"text": "hello"}]}],
        "inferenceConfig": {"maxTokens": 7},
    }
    assert Converse().prompt(converse) == prompt
    assert (
        Messages().prompt({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 7, **said})
        == prompt
    )


# --- Converse


def test_a_whole_converse_reply() -> None:
    assert Converse().whole("hello", COMPLETION) == {
        "output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}},
        "stopReason": "max_tokens",
        "usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8},
        "metrics": {"latencyMs": 70},
    }


def test_a_whole_converse_reply_with_calls() -> None:
    reply = Converse().whole("Let me see.", CALLING)

    assert reply["output"]["message"]["content"] == [
        {"text": "Let me see."},
        {"toolUse": {"toolUseId": "t1", "name": "get_weather", "input": ARGUMENTS}},
        {"toolUse": {"toolUseId": "t2", "name": "get_time", "input": {}}},
    ]
    assert reply["stopReason"] == "tool_use"


def test_a_streamed_converse_reply() -> None:
    assert events(Converse().stream(FakeStream(["hel", "", "lo", COMPLETION]))) == [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "hel"}}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "lo"}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": "max_tokens"}),
        (
            "metadata",
            {
                "usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8},
                "metrics": {"latencyMs": 70},
            },
        ),
    ]


def blocks_of(read: list[tuple[str, Any]]) -> dict[int, list[tuple[str, Any]]]:
    blocks: dict[int, list[tuple[str, Any]]] = {}
    for name, payload in read:
        if "contentBlockIndex" in payload:
            rest = payload.get("start") or payload.get("delta")
            blocks.setdefault(payload["contentBlockIndex"], []).append((name, rest))
    return blocks


def test_calls_are_streamed_as_blocks_of_their_own_in_fragments() -> None:
    read = events(Converse().stream(FakeStream(["Let me see.", CALLING])))
    blocks = blocks_of(read)

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
    assert [name for name, _ in read][-2:] == ["messageStop", "metadata"]
    assert read[-2][1] == {"stopReason": "tool_use"}


def test_a_reply_of_calls_alone_has_no_text_block() -> None:
    blocks = blocks_of(events(Converse().stream(FakeStream([CALLING]))))

    assert [block[0][0] for block in blocks.values()] == ["contentBlockStart"] * 2
    assert list(blocks) == [0, 1]


def test_arguments_that_are_no_object_are_not_one_in_the_stream_either() -> None:
    broken = Completion("demo", StopReason.TOOL_USE, tool_calls=(ToolCall("t1", "find", None),))
    blocks = blocks_of(events(Converse().stream(FakeStream([broken]))))

    written = "".join(delta["toolUse"]["input"] for _, delta in blocks[0][1:-1])
    with pytest.raises(ValueError):
        json.loads(written)
    assert Converse().whole("", broken)["output"]["message"]["content"][0]["toolUse"]["input"] == {}


@pytest.mark.parametrize(
    ("dialect", "names"),
    [
        (Converse(), ["messageStart", "contentBlockDelta"]),
        (Messages(), ["chunk", "chunk", "chunk"]),
    ],
    ids=["converse", "messages"],
)
def test_what_was_written_before_a_break_is_in_the_stream(dialect, names) -> None:
    stream = dialect.stream(FakeStream(["hello", ModelInterrupted("broke")]))
    written = []
    with pytest.raises(ModelInterrupted):
        for part in stream:
            written.append(part)

    assert [name for name, _ in events(written)] == names


@pytest.mark.parametrize("dialect", [Converse(), Messages()], ids=["converse", "messages"])
def test_an_answer_that_was_closed_has_no_end(dialect) -> None:
    answer = DemoAnswer(Said("Once upon a time"), Prompt(()), 80.0, lambda: 0.0, lambda _: None)
    stream = dialect.stream(answer)
    next(stream)
    answer.close()

    with pytest.raises(ModelInterrupted):
        list(stream)


# --- Messages


def test_a_whole_messages_reply() -> None:
    reply = dict(Messages().whole("hello", COMPLETION))

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


def test_a_whole_messages_reply_with_calls() -> None:
    assert Messages().whole("", CALLING)["content"] == [
        {"type": "tool_use", "id": "t1", "name": "get_weather", "input": ARGUMENTS},
        {"type": "tool_use", "id": "t2", "name": "get_time", "input": {}},
    ]


def test_a_streamed_messages_reply() -> None:
    parts = anthropic_parts(Messages().stream(FakeStream(["hello", COMPLETION])))

    assert parts[0]["type"] == "message_start"
    assert parts[0]["message"]["content"] == []
    assert parts[1:] == [
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


def test_calls_are_streamed_in_anthropics_words_too() -> None:
    parts = anthropic_parts(Messages().stream(FakeStream(["Let me see.", CALLING])))
    block = [part for part in parts if part.get("index") == 1]

    assert block[0]["content_block"] == {
        "type": "tool_use",
        "id": "t1",
        "name": "get_weather",
        "input": {},
    }
    fragments = [part["delta"]["partial_json"] for part in block[1:-1]]
    assert json.loads("".join(fragments)) == ARGUMENTS
    assert parts[-2]["delta"]["stop_reason"] == "tool_use"


def test_what_the_model_does_not_say_counts_as_nothing() -> None:
    assert Converse().whole("", SILENT)["usage"]["totalTokens"] == 0
    assert Messages().whole("", SILENT)["usage"] == {"input_tokens": 0, "output_tokens": 0}
    [*_, metadata] = events(Converse().stream(FakeStream([SILENT])))
    assert metadata[1]["metrics"] == {"latencyMs": 0}
