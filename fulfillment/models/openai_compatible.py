"""Any server that speaks OpenAI's Chat Completions: Ollama, vLLM, OpenAI … (extra: ``openai``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import openai

from fulfillment.errors import ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Completion, Prompt

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
        system = [{"role": "system", "content": prompt.system}] if prompt.system else []
        messages = [{"role": said.role, "content": said.text} for said in prompt.messages]
        return OpenAICompatibleAnswer(
            self._client,
            {
                "model": self._model,
                "messages": system + messages,
                self._limit: prompt.max_tokens,
                "stream": True,
                "stream_options": {"include_usage": True},
            },
        )


class OpenAICompatibleAnswer:
    """One streamed Chat Completions call; see :class:`fulfillment.models.base.Answer`."""

    def __init__(self, client: openai.OpenAI, request: dict[str, Any]) -> None:
        self._client = client
        self._request = request
        self._stream: Any = None
        self._closed = False
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
        for choice in chunk.choices:
            if choice.finish_reason:
                reason = STOP_REASONS.get(choice.finish_reason, choice.finish_reason)
                self.completion = Completion(chunk.model, reason)
            if choice.delta and choice.delta.content:
                return str(choice.delta.content)
        if chunk.usage and self.completion:
            self.completion = Completion(
                self.completion.model_id,
                self.completion.stop_reason,
                input_tokens=chunk.usage.prompt_tokens,
                output_tokens=chunk.usage.completion_tokens,
            )
        return ""
