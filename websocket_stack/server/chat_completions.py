"""Answers with any server that speaks OpenAI's Chat Completions, on the event loop.

The ``openai`` package builds an object tree of each chunk, which is most of what reading a reply
costs; here a chunk is parsed as far as its text is needed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import httpx
from httpx_sse import EventSource

from fulfillment.assistant import prompt_of
from fulfillment.errors import ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Completion, StopReason
from fulfillment.models.chat_format import STOP_REASONS, body_of, text_of
from fulfillment.models.thoughts import ThoughtFilter
from fulfillment.settings import Settings
from websocket_stack.server.source import Question

DEFAULT_URL = "https://api.openai.com/v1"
# As OpenAI's own client has it.
THINKING_TAGS = ("think", "thinking")
CONNECT_SECONDS = 5.0
# Between two reads: a model that thinks is silent for long.
READ_SECONDS = 120.0
REJECTIONS = frozenset({400, 401, 403, 404, 413, 422})


def client_of(url: str, key: str, connections: int) -> httpx.AsyncClient:
    """Return a client of a server.

    Args:
        url: the server's address, with its version.
        key: the API key.
        connections: how many requests may go on at the same time.
    """
    return httpx.AsyncClient(
        base_url=f"{url.rstrip('/')}/",
        headers={"Authorization": f"Bearer {key}"},
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=None),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
    )


class ChatCompletionsSource:
    """Asks one model.

    Args:
        client: a client of its server.
        model: its name there.
        settings: the system prompt, and what else is sent with each question.
    """

    def __init__(self, client: httpx.AsyncClient, model: str, settings: Settings) -> None:
        self._client = client
        self._model = model
        self._settings = settings

    def answer(self, question: Question) -> ChatCompletion:
        settings = self._settings
        prompt = prompt_of(settings, question.utterance, question.earlier, settings.system_prompt)
        body = body_of(prompt) | {
            "model": self._model,
            "stream_options": {"include_usage": True},
        }
        if self._client.base_url.host == "api.openai.com":
            # Its newer models refuse the name that all other servers know.
            # https://platform.openai.com/docs/api-reference/chat/create
            body["max_completion_tokens"] = body.pop("max_tokens")
        return ChatCompletion(self._client, body)


class ChatCompletion:
    """One streamed call; see :class:`websocket_stack.server.source.Answer`."""

    def __init__(self, client: httpx.AsyncClient, body: Mapping[str, Any]) -> None:
        self._client = client
        self._body = body
        self._reply = ChatReply()
        self.last_text = ""

    @property
    def completions(self) -> Sequence[Completion]:
        return [self._reply.completion] if self._reply.completion else ()

    async def chunks(self) -> AsyncGenerator[str, None]:
        for is_last in (False, True):
            try:
                async with aclosing(self._chunks()) as chunks:
                    async for chunk in chunks:
                        self.last_text += chunk
                        yield chunk
                return
            except ModelUnavailable:
                if is_last:
                    raise

    async def _chunks(self) -> AsyncGenerator[str, None]:
        self._reply = reply = ChatReply()
        try:
            async with self._client.stream("POST", "chat/completions", json=self._body) as response:
                _check(response)
                async for data in _data_of(response):
                    if text := reply.read(json.loads(data)):
                        yield text
        # A chunk that is no JSON, or no chunk, is a failure of the service as well.
        except (httpx.HTTPError, ValueError, TypeError, AttributeError, KeyError) as exc:
            kind = ModelInterrupted if self.last_text else ModelUnavailable
            raise kind(type(exc).__name__) from exc
        if reply.completion is None:
            kind = ModelInterrupted if self.last_text else ModelUnavailable
            raise kind("the stream ended without finish_reason")


class ChatReply:
    """A reply as its chunks make it."""

    def __init__(self) -> None:
        self._visible = ThoughtFilter(THINKING_TAGS)
        self.completion: Completion | None = None

    def read(self, chunk: Mapping[str, Any]) -> str:
        """Take in one chunk; return what is to be shown of its text."""
        text = ""
        for choice in chunk.get("choices") or ():
            if content := text_of((choice.get("delta") or {}).get("content")):
                text += self._visible.feed(content)
            if reason := choice.get("finish_reason"):
                text += self._visible.finish()
                stop_reason = STOP_REASONS.get(reason, StopReason.OTHER)
                self.completion = Completion(chunk.get("model") or "", stop_reason)
        if (usage := chunk.get("usage")) and self.completion:
            details = usage.get("prompt_tokens_details") or {}
            self.completion = self.completion._replace(
                input_tokens=usage.get("prompt_tokens"),
                output_tokens=usage.get("completion_tokens"),
                cache_read_tokens=details.get("cached_tokens"),
            )
        if error := chunk.get("error"):
            raise ValueError(type(error).__name__)
        return text


def _check(response: httpx.Response) -> None:
    if response.status_code in REJECTIONS:
        raise ModelRejected(f"status {response.status_code}")
    if response.status_code != 200:
        raise ModelUnavailable(f"status {response.status_code}")


async def _data_of(response: httpx.Response) -> AsyncIterator[str]:
    async for event in EventSource(response).aiter_sse():
        if event.data == "[DONE]":
            return
        if event.data:
            yield event.data
