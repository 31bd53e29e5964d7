"""Writes a model's reply as Converse, and ConverseStream, return it.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fulfillment.models.base import Completion, ModelStream, ToolCall
from websocket_stack.local.bedrock.event_stream import event
from websocket_stack.local.bedrock.tool_use import input_fragments


def response(text: str, completion: Completion) -> Mapping[str, Any]:
    """Return the response that holds a whole reply."""
    calls = [
        {"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments or {}}}
        for call in completion.tool_calls
    ]
    content = [*([{"text": text}] if text else []), *calls]
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": completion.stop_reason,
        **_usage(completion),
    }


def events(stream: ModelStream) -> Iterator[bytes]:
    """Yield the events of a reply while the model writes it.

    Raises:
        ModelError: the model failed.
    """
    yield event("messageStart", {"role": "assistant"})
    blocks = 0
    for text in filter(None, stream):
        # A text block has no contentBlockStart: it begins with its first delta.
        yield _delta(0, {"text": text})
        blocks = 1
    if blocks:
        yield event("contentBlockStop", {"contentBlockIndex": 0})
    assert stream.completion is not None
    for index, call in enumerate(stream.completion.tool_calls, blocks):
        yield from _tool_use(index, call)
    yield event("messageStop", {"stopReason": stream.completion.stop_reason})
    yield event("metadata", _usage(stream.completion))


def _tool_use(index: int, call: ToolCall) -> Iterator[bytes]:
    start = {"toolUse": {"toolUseId": call.id, "name": call.name}}
    yield event("contentBlockStart", {"contentBlockIndex": index, "start": start})
    for fragment in input_fragments(call):
        yield _delta(index, {"toolUse": {"input": fragment}})
    yield event("contentBlockStop", {"contentBlockIndex": index})


def _delta(index: int, delta: Mapping[str, Any]) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})


def _usage(completion: Completion) -> Mapping[str, Any]:
    read, written = completion.input_tokens or 0, completion.output_tokens or 0
    return {
        "usage": {"inputTokens": read, "outputTokens": written, "totalTokens": read + written},
        "metrics": {"latencyMs": completion.latency_ms or 0},
    }
