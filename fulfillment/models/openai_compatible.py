"""Any server that speaks OpenAI's Chat Completions: Ollama, vLLM, OpenAI … (extra: ``openai``)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai

from fulfillment.errors import ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.arguments import arguments_in
from fulfillment.models.base import Completion, Message, Prompt, ToolCall, ToolResult, ToolSpec

# The words of Chat Completions, in Bedrock's.
STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "content_filtered",
    "tool_calls": "tool_use",
}
REJECTIONS = (
    openai.BadRequestError,
    openai.AuthenticationError,
    openai.PermissionDeniedError,
    openai.NotFoundError,
)


class OpenAICompatibleModel:
    """Takes an ``openai.OpenAI`` client and the model's name at that server."""

    def __init__(self, client: openai.OpenAI, model: str) -> None:
        self._client = client
        self._model = model
        # OpenAI's newer models refuse the name that all other servers know.
        # https://platform.openai.com/docs/api-reference/chat/create
        is_openai = client.base_url.host == "api.openai.com"
        self._limit = "max_completion_tokens" if is_openai else "max_tokens"

    def ask(self, prompt: Prompt) -> OpenAICompatibleAnswer:
        return OpenAICompatibleAnswer(self._client, self._request(prompt))

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._model,
            "messages": list(_messages(prompt)),
            self._limit: prompt.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if prompt.temperature is not None:
            request["temperature"] = prompt.temperature
        if prompt.top_p is not None:
            request["top_p"] = prompt.top_p
        if prompt.stop_sequences:
            request["stop"] = list(prompt.stop_sequences)
        if prompt.tools:
            request["tools"] = [_tool(spec) for spec in prompt.tools]
        return request


def _messages(prompt: Prompt) -> Iterator[dict[str, Any]]:
    if prompt.system:
        yield {"role": "system", "content": prompt.system}
    for said in prompt.messages:
        yield from map(_tool_result, said.tool_results)
        if said.text or not said.tool_results:
            yield _message(said)


def _message(said: Message) -> dict[str, Any]:
    message: dict[str, Any] = {"role": said.role, "content": said.text}
    if said.tool_calls:
        message["tool_calls"] = [_tool_call(call) for call in said.tool_calls]
    return message


def _tool_call(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(dict(call.arguments or {}), ensure_ascii=False)
    function = {"name": call.name, "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _tool_result(result: ToolResult) -> dict[str, Any]:
    # There is no member that says so.
    text = f"Error: {result.text}" if result.failed else result.text
    return {"role": "tool", "tool_call_id": result.call_id, "content": text}


def _tool(spec: ToolSpec) -> dict[str, Any]:
    function = {"name": spec.name, "description": spec.description, "parameters": spec.schema}
    return {"type": "function", "function": function}


class OpenAICompatibleAnswer:
    """One streamed Chat Completions call; see :class:`fulfillment.models.base.Answer`."""

    def __init__(self, client: openai.OpenAI, request: dict[str, Any]) -> None:
        self._client = client
        self._request = request
        self._stream: Any = None
        self._closed = False
        self._calls: list[_Call] = []
        self.completion: Completion | None = None

    def __iter__(self) -> Iterator[str]:
        wrote = False
        try:
            with self._client.chat.completions.create(**self._request) as self._stream:
                for chunk in self._stream:
                    if self._closed:
                        return
                    if text := self._text(chunk):
                        wrote = True
                        yield text
        except REJECTIONS as exc:
            raise ModelRejected(type(exc).__name__) from exc
        except (openai.OpenAIError, httpx.HTTPError, ValueError) as exc:
            if self._closed:
                return
            kind = ModelInterrupted if wrote else ModelUnavailable
            raise kind(type(exc).__name__) from exc
        if self.completion is None:
            raise ModelInterrupted("the stream ended without finish_reason")

    def close(self) -> None:
        self._closed = True
        if self._stream is not None:
            self._stream.close()

    def _text(self, chunk: Any) -> str:
        text = ""
        for choice in chunk.choices:
            if choice.delta:
                text += choice.delta.content or ""
                for part in choice.delta.tool_calls or ():
                    self._add(part)
            if choice.finish_reason:
                self.completion = self._completion(chunk.model, choice.finish_reason)
        if chunk.usage and self.completion:
            details = chunk.usage.prompt_tokens_details
            self.completion = self.completion._replace(
                input_tokens=chunk.usage.prompt_tokens,
                output_tokens=chunk.usage.completion_tokens,
                cache_read_tokens=details.cached_tokens if details else None,
            )
        return text

    def _add(self, part: Any) -> None:
        call = next((call for call in reversed(self._calls) if call.is_of(part)), None)
        if call is None:
            call = _Call(part.index, part.id or f"call_{len(self._calls)}")
            self._calls.append(call)
        if part.function:
            call.name = call.name or part.function.name or ""
            call.arguments += part.function.arguments or ""

    def _completion(self, model: str, finish_reason: str) -> Completion:
        if finish_reason == "stop" and self._calls:
            # As some servers say it. https://github.com/ollama/ollama/pull/7963
            finish_reason = "tool_calls"
        return Completion(
            model,
            STOP_REASONS.get(finish_reason, finish_reason),
            tool_calls=tuple(
                ToolCall(call.id, call.name, arguments_in(call.arguments)) for call in self._calls
            ),
        )


class _Call:
    """A tool call as it grows."""

    def __init__(self, index: int, id: str) -> None:
        self.index = index
        self.id = id
        self.name = ""
        self.arguments = ""

    def is_of(self, part: Any) -> bool:
        # Ollama numbers all calls 0. https://github.com/ollama/ollama/issues/15457
        return part.index == self.index and part.id in (None, "", self.id)
