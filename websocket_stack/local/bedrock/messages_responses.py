"""Writes a model's reply in the form of Anthropic's Messages, as InvokeModel returns Claude's.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from fulfillment.models.base import Completion, ModelStream, ToolCall
from websocket_stack.local.bedrock.event_stream import event
from websocket_stack.local.bedrock.tool_use import input_fragments


def response(text: str, completion: Completion) -> Mapping[str, Any]:
    """Return the response that holds a whole reply."""
    calls = [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments or {}}
        for call in completion.tool_calls
    ]
    return _message(
        completion.model_id,
        content=[*([{"type": "text", "text": text}] if text else []), *calls],
        stop_reason=completion.stop_reason,
        usage=_usage(completion),
    )


def events(stream: ModelStream) -> Iterator[bytes]:
    """Yield the events of a reply while the model writes it.

    Raises:
        ModelError: the model failed.
    """
    yield _chunk({"type": "message_start", "message": _message("local", content=[])})
    blocks = 0
    for text in filter(None, stream):
        if not blocks:
            yield _block_start(0, {"type": "text", "text": ""})
        yield _block_delta(0, {"type": "text_delta", "text": text})
        blocks = 1
    if blocks:
        yield _chunk({"type": "content_block_stop", "index": 0})
    assert stream.completion is not None
    for index, call in enumerate(stream.completion.tool_calls, blocks):
        yield from _tool_use(index, call)
    yield from _end(stream.completion)


def _tool_use(index: int, call: ToolCall) -> Iterator[bytes]:
    yield _block_start(index, {"type": "tool_use", "id": call.id, "name": call.name, "input": {}})
    for fragment in input_fragments(call):
        yield _block_delta(index, {"type": "input_json_delta", "partial_json": fragment})
    yield _chunk({"type": "content_block_stop", "index": index})


def _block_start(index: int, block: Mapping[str, Any]) -> bytes:
    return _chunk({"type": "content_block_start", "index": index, "content_block": block})


def _block_delta(index: int, delta: Mapping[str, Any]) -> bytes:
    return _chunk({"type": "content_block_delta", "index": index, "delta": delta})


def _end(completion: Completion) -> Iterator[bytes]:
    usage = _usage(completion)
    yield _chunk(
        {
            "type": "message_delta",
            "delta": {"stop_reason": completion.stop_reason, "stop_sequence": None},
            "usage": {"output_tokens": usage["output_tokens"]},
        }
    )
    metrics = {
        "inputTokenCount": usage["input_tokens"],
        "outputTokenCount": usage["output_tokens"],
        "invocationLatency": completion.latency_ms or 0,
    }
    yield _chunk({"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics})


def _message(model: str, **members: Any) -> Mapping[str, Any]:
    return {
        "id": f"msg_bdrk_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
        **members,
    }


def _usage(completion: Completion) -> Mapping[str, int]:
    return {
        "input_tokens": completion.input_tokens or 0,
        "output_tokens": completion.output_tokens or 0,
    }


def _chunk(payload: Mapping[str, Any]) -> bytes:
    """Return one event; its blob is JSON that the model's maker defines."""
    blob = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return event("chunk", {"bytes": base64.b64encode(blob).decode()})
