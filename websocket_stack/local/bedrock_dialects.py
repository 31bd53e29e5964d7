"""The two ways to ask a model on Bedrock, as values: Converse's and Anthropic's own Messages."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from fulfillment.models.base import Completion, Message, Prompt
from websocket_stack.local import eventstream
from websocket_stack.local.aws import ServiceError

DEFAULT_MAX_TOKENS = 4096


class Dialect(Protocol):
    """A request's and a reply's form on the wire."""

    def prompt(self, body: Mapping[str, Any]) -> Prompt:
        """Read a request; raises ServiceError 400."""

    def whole(self, text: str, completion: Completion) -> Mapping[str, Any]: ...
    def start(self) -> Iterator[bytes]: ...
    def chunk(self, text: str) -> bytes: ...
    def end(self, completion: Completion) -> Iterator[bytes]: ...


class Converse:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html"""

    def prompt(self, body: Mapping[str, Any]) -> Prompt:
        inference = body.get("inferenceConfig") or {}
        if not isinstance(inference, dict):
            raise _invalid("inferenceConfig: takes an object")
        return Prompt(
            messages=_messages(body.get("messages")),
            system=_text(body.get("system") or []),
            max_tokens=_max_tokens(inference.get("maxTokens", DEFAULT_MAX_TOKENS)),
        )

    def whole(self, text: str, completion: Completion) -> Mapping[str, Any]:
        return {
            "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
            "stopReason": completion.stop_reason,
            "usage": self._usage(completion),
            "metrics": {"latencyMs": completion.latency_ms or 0},
        }

    def start(self) -> Iterator[bytes]:
        # A text block has no contentBlockStart: it begins with its first delta.
        yield eventstream.event("messageStart", {"role": "assistant"})

    def chunk(self, text: str) -> bytes:
        return eventstream.event(
            "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}}
        )

    def end(self, completion: Completion) -> Iterator[bytes]:
        yield eventstream.event("contentBlockStop", {"contentBlockIndex": 0})
        yield eventstream.event("messageStop", {"stopReason": completion.stop_reason})
        yield eventstream.event(
            "metadata",
            {
                "usage": self._usage(completion),
                "metrics": {"latencyMs": completion.latency_ms or 0},
            },
        )

    def _usage(self, completion: Completion) -> Mapping[str, int]:
        read, written = completion.input_tokens or 0, completion.output_tokens or 0
        return {"inputTokens": read, "outputTokens": written, "totalTokens": read + written}


class Messages:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html"""

    def prompt(self, body: Mapping[str, Any]) -> Prompt:
        if body.get("anthropic_version") != "bedrock-2023-05-31":
            raise _invalid("anthropic_version: takes bedrock-2023-05-31")
        if "max_tokens" not in body:
            raise _invalid("max_tokens: Field required")
        return Prompt(
            messages=_messages(body.get("messages")),
            system=_text(body.get("system") or ""),
            max_tokens=_max_tokens(body["max_tokens"]),
        )

    def whole(self, text: str, completion: Completion) -> Mapping[str, Any]:
        return self._message(
            completion.model_id,
            content=[{"type": "text", "text": text}],
            stop_reason=completion.stop_reason,
            usage=self._usage(completion),
        )

    def start(self) -> Iterator[bytes]:
        yield _part({"type": "message_start", "message": self._message("local", content=[])})
        block = {"type": "text", "text": ""}
        yield _part({"type": "content_block_start", "index": 0, "content_block": block})

    def chunk(self, text: str) -> bytes:
        delta = {"type": "text_delta", "text": text}
        return _part({"type": "content_block_delta", "index": 0, "delta": delta})

    def end(self, completion: Completion) -> Iterator[bytes]:
        usage = self._usage(completion)
        yield _part({"type": "content_block_stop", "index": 0})
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

    def _message(self, model: str, **members: Any) -> Mapping[str, Any]:
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

    def _usage(self, completion: Completion) -> Mapping[str, int]:
        return {
            "input_tokens": completion.input_tokens or 0,
            "output_tokens": completion.output_tokens or 0,
        }


def _part(payload: Mapping[str, Any]) -> bytes:
    """Return one ``chunk`` event; its blob is JSON that the model's maker defines."""
    blob = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return eventstream.event("chunk", {"bytes": base64.b64encode(blob).decode()})


def _messages(messages: object) -> tuple[Message, ...]:
    if not isinstance(messages, list) or not messages:
        raise _invalid("messages: takes at least one message")
    read = tuple(
        Message(message["role"], _text(message.get("content") or ""))
        for message in messages
        if isinstance(message, dict) and message.get("role") in ("user", "assistant")
    )
    if len(read) != len(messages) or read[0].role != "user":
        raise _invalid("A conversation must start with a user message.")
    if read[-1].role != "user" or not read[-1].text.strip():
        raise _invalid("The last message must be the user's, and not be blank.")
    return read


def _text(content: object) -> str:
    """Return the text of a string or of a list of content blocks; other blocks are left out."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise _invalid("content: takes a string or a list of content blocks")
    texts = [block.get("text", "") for block in content if isinstance(block, dict)]
    if not all(isinstance(text, str) for text in texts):
        raise _invalid("text: takes a string")
    return "".join(texts)


def _max_tokens(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _invalid("maxTokens: takes a whole number from 1")
    return value


def _invalid(message: str) -> ServiceError:
    return ServiceError(400, "ValidationException", message)
