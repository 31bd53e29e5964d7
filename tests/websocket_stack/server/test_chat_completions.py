from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from httpx import ConnectError

from fulfillment.errors import ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.memory import Exchange
from fulfillment.models.base import StopReason
from fulfillment.settings import Settings
from websocket_stack.server.chat_completions import ChatCompletionsSource, client_of
from websocket_stack.server.source import Question

HELLO = [
    {"choices": [{"delta": {"role": "assistant", "content": ""}}]},
    {"choices": [{"delta": {"content": "Hello"}}]},
    {"choices": [{"delta": {"content": " wörld"}}], "model": "m-1"},
    {"choices": [{"delta": {}, "finish_reason": "stop"}], "model": "m-1"},
    {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}},
]


def events(chunks: Any, end: Any = "data: [DONE]\n\n") -> Any:
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + end


class Service:
    """Answers one request after the other; keeps their bodies."""

    def __init__(self, *responses: Any) -> None:
        self._responses = iter(responses)
        self.bodies: list[Any] = []

    def __call__(self, request: Any) -> Any:
        self.bodies.append(json.loads(request.content))
        response = next(self._responses)
        if isinstance(response, Exception):
            raise response
        if isinstance(response, int):
            return httpx.Response(response)
        headers = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=headers, content=response)


def ask(service: Any, *, url: Any = "http://test/v1", earlier: Any = (), take: Any = None) -> Any:
    async def turn() -> Any:
        client = httpx.AsyncClient(
            base_url=f"{url}/", transport=httpx.MockTransport(service), timeout=1
        )
        async with client:
            source = ChatCompletionsSource(client, "m", Settings(system_prompt="Be kind."))
            answer = source.answer(Question("hi", earlier, "session", 10))
            texts = []
            async for chunk in answer.chunks():
                texts.append(chunk)
            return "".join(texts), answer

    return asyncio.run(turn())


def test_a_reply_is_read() -> None:
    text, answer = ask(Service(events(HELLO)))
    (completion,) = answer.completions
    assert text == answer.last_text == "Hello wörld"
    assert completion.model_id == "m-1"
    assert completion.stop_reason == StopReason.END_TURN
    assert (completion.input_tokens, completion.output_tokens) == (7, 2)


def test_the_request_says_all_that_was_said() -> None:
    service = Service(events(HELLO))
    ask(service, earlier=[Exchange("one", "1")])
    (body,) = service.bodies
    assert [message["role"] for message in body["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}
    assert "max_tokens" in body


def test_openai_itself_has_another_name_for_the_limit() -> None:
    service = Service(events(HELLO))
    ask(service, url="https://api.openai.com/v1")
    assert "max_tokens" not in service.bodies[0]
    assert service.bodies[0]["max_completion_tokens"] == 1024


def test_thoughts_are_not_shown() -> None:
    for thoughts in ("<think>hm</think>", [{"type": "thinking", "thinking": []}]):
        chunks = [{"choices": [{"delta": {"content": thoughts}}]}, *HELLO]
        assert ask(Service(events(chunks)))[0] == "Hello wörld"


@pytest.mark.parametrize("failure", [429, 500, httpx.ConnectError("no"), ""])
def test_what_fails_before_its_text_is_tried_again(failure: str | int | ConnectError) -> None:
    service = Service(failure, events(HELLO))
    assert ask(service)[0] == "Hello wörld"
    with pytest.raises(ModelUnavailable):
        ask(Service(failure, failure))


def test_a_refused_request_is_not() -> None:
    with pytest.raises(ModelRejected):
        ask(Service(401))


@pytest.mark.parametrize(
    "end", ["", "data: [DONE]\n\n", "data: no json\n\n", 'data: {"error": {"code": 500}}\n\n']
)
def test_a_reply_without_its_end_is_interrupted(end: str) -> None:
    with pytest.raises(ModelInterrupted):
        ask(Service(events(HELLO[:3], end)))


def test_a_client_can_serve_many() -> None:
    client = client_of("http://test/v1/", "secret", 500)
    assert str(client.base_url) == "http://test/v1/"
    assert client.headers["authorization"] == "Bearer secret"
    asyncio.run(client.aclose())
