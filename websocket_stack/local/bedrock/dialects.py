"""The two ways to ask a model on Bedrock, on the wire: Converse and Anthropic's own Messages."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from fulfillment.errors import ModelInterrupted
from fulfillment.models.base import Completion, ModelStream, Prompt, ToolCall
from websocket_stack.local.bedrock import converse_requests, messages_requests
from websocket_stack.local.bedrock import event_stream as eventstream

# What a model does not write as a JSON object breaks off, as far as a client can see.
BROKEN_INPUT = "{"
# About what a model writes at once of a tool's input.
FRAGMENT = re.compile(r".{1,16}", re.DOTALL)


class Dialect(Protocol):
    """A request's and a reply's form."""

    def prompt(self, body: Mapping[str, Any]) -> Prompt:
        """Read a request; raises ServiceError 400."""

    def whole(self, text: str, completion: Completion) -> Mapping[str, Any]:
        """Return a reply that is complete."""

    def stream(self, answer: ModelStream) -> Iterator[bytes]:
        """Yield the events of a reply while it is written; raises ModelError."""


class Converse:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html"""

    def prompt(self, body: Mapping[str, Any]) -> Prompt:
        return converse_requests.prompt_of(body)

    def whole(self, text: str, completion: Completion) -> Mapping[str, Any]:
        calls = [
            {"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments or {}}}
            for call in completion.tool_calls
        ]
        content = [*([{"text": text}] if text else []), *calls]
        return {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": completion.stop_reason,
            **_measured(completion),
        }

    def stream(self, answer: ModelStream) -> Iterator[bytes]:
        yield eventstream.event("messageStart", {"role": "assistant"})
        blocks = 0
        for text in filter(None, answer):
            # A text block has no contentBlockStart: it begins with its first delta.
            yield _converse_delta(0, {"text": text})
            blocks = 1
        if blocks:
            yield eventstream.event("contentBlockStop", {"contentBlockIndex": 0})
        completion = _completion(answer)
        for index, call in enumerate(completion.tool_calls, blocks):
            yield from _converse_call(index, call)
        yield eventstream.event("messageStop", {"stopReason": completion.stop_reason})
        yield eventstream.event("metadata", _measured(completion))


def _converse_call(index: int, call: ToolCall) -> Iterator[bytes]:
    start = {"toolUse": {"toolUseId": call.id, "name": call.name}}
    yield eventstream.event("contentBlockStart", {"contentBlockIndex": index, "start": start})
    for fragment in _fragments(call):
        yield _converse_delta(index, {"toolUse": {"input": fragment}})
    yield eventstream.event("contentBlockStop", {"contentBlockIndex": index})


def _converse_delta(index: int, delta: Mapping[str, Any]) -> bytes:
    return eventstream.event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})


def _measured(completion: Completion) -> Mapping[str, Any]:
    read, written = completion.input_tokens or 0, completion.output_tokens or 0
    return {
        "usage": {"inputTokens": read, "outputTokens": written, "totalTokens": read + written},
        "metrics": {"latencyMs": completion.latency_ms or 0},
    }


class Messages:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html"""

    def prompt(self, body: Mapping[str, Any]) -> Prompt:
        return messages_requests.prompt_of(body)

    def whole(self, text: str, completion: Completion) -> Mapping[str, Any]:
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

    def stream(self, answer: ModelStream) -> Iterator[bytes]:
        yield _part({"type": "message_start", "message": _message("local", content=[])})
        blocks = 0
        for text in filter(None, answer):
            if not blocks:
                yield _messages_start(0, {"type": "text", "text": ""})
            yield _messages_delta(0, {"type": "text_delta", "text": text})
            blocks = 1
        if blocks:
            yield _part({"type": "content_block_stop", "index": 0})
        completion = _completion(answer)
        for index, call in enumerate(completion.tool_calls, blocks):
            yield from _messages_call(index, call)
        yield from _messages_end(completion)


def _messages_call(index: int, call: ToolCall) -> Iterator[bytes]:
    yield _messages_start(
        index, {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
    )
    for fragment in _fragments(call):
        yield _messages_delta(index, {"type": "input_json_delta", "partial_json": fragment})
    yield _part({"type": "content_block_stop", "index": index})


def _messages_start(index: int, block: Mapping[str, Any]) -> bytes:
    return _part({"type": "content_block_start", "index": index, "content_block": block})


def _messages_delta(index: int, delta: Mapping[str, Any]) -> bytes:
    return _part({"type": "content_block_delta", "index": index, "delta": delta})


def _messages_end(completion: Completion) -> Iterator[bytes]:
    usage = _usage(completion)
    yield _part(
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
    yield _part({"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics})


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


def _part(payload: Mapping[str, Any]) -> bytes:
    """Return one ``chunk`` event; its blob is JSON that the model's maker defines."""
    blob = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return eventstream.event("chunk", {"bytes": base64.b64encode(blob).decode()})


def _fragments(call: ToolCall) -> Iterable[str]:
    """Return a tool's input as it is streamed; Claude begins with a fragment of nothing."""
    if call.arguments is None:
        return ("", BROKEN_INPUT)
    return ("", *FRAGMENT.findall(json.dumps(dict(call.arguments), ensure_ascii=False)))


def _completion(answer: ModelStream) -> Completion:
    if answer.completion is None:
        raise ModelInterrupted("the answer was closed")
    return answer.completion
