"""Any server that speaks OpenAI's Chat Completions: Ollama, vLLM, OpenAI … (extra: ``openai``)."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import Any

import openai

from fulfillment.errors import ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Completion, Prompt, StopReason, ToolCall, parse_arguments
from fulfillment.models.chat_format import STOP_REASONS, body_of, text_of
from fulfillment.models.thoughts import ThoughtFilter

# At DEBUG these write whole requests, and at INFO their addresses; openai is loaded by now, so its
# own switch, OPENAI_LOG, changes nothing any more.
for _name in ("openai", "httpx", "httpx2", "httpcore", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)

# Of open models, where the server does not parse their thoughts.
# https://github.com/deepseek-ai/DeepSeek-R1/issues/23
THINKING_TAGS = ("think", "thinking")

# What breaks a stream is theirs in older versions of openai, which use httpx instead of httpx2.
FAILURES: tuple[type[Exception], ...] = (
    openai.OpenAIError,
    # Of a chunk of another shape.
    *(AttributeError, KeyError, TypeError, ValueError),
    *(sys.modules[name].HTTPError for name in ("httpx", "httpx2") if name in sys.modules),
)
REJECTIONS = (
    openai.BadRequestError,
    openai.AuthenticationError,
    openai.PermissionDeniedError,
    openai.NotFoundError,
)


class OpenAICompatibleModel:
    """A model of a server that speaks Chat Completions.

    Args:
        client: a client of that server.
        model: the model's name there.
    """

    def __init__(self, client: openai.OpenAI, model: str) -> None:
        self._client = client
        self._model = model
        self._is_openai = client.base_url.host == "api.openai.com"

    def ask(self, prompt: Prompt) -> OpenAICompatibleStream:
        """Prepare a call; see :class:`fulfillment.models.base.Model`."""
        request = body_of(prompt) | {
            "model": self._model,
            "stream_options": {"include_usage": True},
        }
        if self._is_openai:
            # Its newer models refuse the name that all other servers know.
            # https://platform.openai.com/docs/api-reference/chat/create
            request["max_completion_tokens"] = request.pop("max_tokens")
        return OpenAICompatibleStream(self._client, request)


class OpenAICompatibleStream:
    """One streamed call; see :class:`fulfillment.models.base.ModelStream`.

    Args:
        client: a client of the server.
        request: the parameters of ``chat.completions.create``.
    """

    def __init__(self, client: openai.OpenAI, request: dict[str, Any]) -> None:
        self._client = client
        self._request = request
        self._stream: Any = None
        self._closed = False
        self._calls: list[_Call] = []
        self._visible = ThoughtFilter(THINKING_TAGS)
        self.completion: Completion | None = None

    def __iter__(self) -> Iterator[str]:
        wrote = False
        try:
            with self._client.chat.completions.create(**self._request) as self._stream:
                for chunk in self._stream:
                    if self._closed:
                        return
                    text = self._read(chunk)
                    wrote = wrote or bool(text)
                    yield text
        except REJECTIONS as exc:
            raise ModelRejected(type(exc).__name__) from exc
        except FAILURES as exc:
            if self._closed:
                return
            kind = ModelInterrupted if wrote else ModelUnavailable
            raise kind(type(exc).__name__) from exc
        if self.completion is None:
            kind = ModelInterrupted if wrote else ModelUnavailable
            raise kind("the stream ended without finish_reason")

    def close(self) -> None:
        self._closed = True
        if self._stream is not None:
            self._stream.close()

    def _read(self, chunk: Any) -> str:
        """Take in one chunk; return what is to be shown of its text."""
        text = ""
        for choice in chunk.choices or ():
            if choice.delta:
                if content := text_of(choice.delta.content):
                    text += self._visible.feed(content)
                for part in choice.delta.tool_calls or ():
                    self._add(part)
            if choice.finish_reason:
                text += self._visible.finish()
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
        call = next((call for call in reversed(self._calls) if call.has(part)), None)
        if call is None:
            call = _Call(part.index, part.id or f"call_{len(self._calls)}")
            self._calls.append(call)
        if part.function:
            call.name = call.name or part.function.name or ""
            call.arguments += part.function.arguments or ""

    def _completion(self, model: str, finish_reason: str) -> Completion:
        stop_reason = STOP_REASONS.get(finish_reason, StopReason.OTHER)
        if self._calls and stop_reason == StopReason.END_TURN:
            # Some servers say "stop". https://github.com/ollama/ollama/pull/7963
            stop_reason = StopReason.TOOL_USE
        calls = (
            ToolCall(call.id, call.name, parse_arguments(call.arguments)) for call in self._calls
        )
        return Completion(model, stop_reason, tool_calls=tuple(calls))


class _Call:
    """A tool call as it grows."""

    def __init__(self, index: int, id: str) -> None:
        self.index = index
        self.id = id
        self.name = ""
        self.arguments = ""

    def has(self, part: Any) -> bool:
        # Ollama numbers all calls 0. https://github.com/ollama/ollama/issues/15457
        return part.index == self.index and part.id in (None, "", self.id)
