"""Chat Completions, read by the real ``openai`` client from a server that streams as told."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import openai
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from fulfillment.errors import ModelError, ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import (
    Completion,
    Message,
    Prompt,
    StopReason,
    ToolCall,
)
from fulfillment.models.chat_format import body_of
from fulfillment.models.openai_compatible import (
    FAILURES,
    OpenAICompatibleModel,
    OpenAICompatibleStream,
)
from tests.stack_fixture import running_app

pytestmark = pytest.mark.slow

PROMPT = Prompt(
    (Message("user", "hello"), Message("assistant", "hi"), Message("user", "and now?")),
    system="Be brief.",
    max_tokens=7,
)
DONE = "[DONE]"


def chunk(text: str | None = None, finish: str | None = None, **members: Any) -> dict[str, Any]:
    delta = {} if text is None else {"content": text}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_734_711_312,
        "model": "llama-as-served",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **members,
    }


def called(*parts: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """Return a chunk with pieces of tool calls."""
    choice = {"index": 0, "delta": {"tool_calls": list(parts)}, "finish_reason": finish}
    return chunk() | {"choices": [choice]}


def usage(read: int, written: int, **details: Any) -> dict[str, Any]:
    counts = {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        **details,
    }
    return chunk() | {"choices": [], "usage": counts}


class ChatServer:
    """A server of Chat Completions; streams its script, or answers with the response it has."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str] = []
        self.script: list[Any] = []
        self.response: Response | None = None

    async def complete(self, request: Request) -> Response:
        self.requests.append(await request.json())
        self.authorizations.append(request.headers["authorization"])
        return self.response or StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        for step in self.script:
            yield f"data: {step if isinstance(step, str) else json.dumps(step)}\n\n"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[ChatServer, str]]:
    server = ChatServer()
    routes = [Route("/v1/chat/completions", server.complete, methods=["POST"])]
    with running_app(Starlette(routes=routes)) as origin:
        yield server, f"{origin}/v1"


@pytest.fixture
def server(served: tuple[ChatServer, str]) -> ChatServer:
    served[0].__init__()  # type: ignore[misc]
    return served[0]


@contextmanager
def asked(base_url: str, prompt: Prompt = PROMPT) -> Iterator[OpenAICompatibleStream]:
    with openai.OpenAI(base_url=base_url, api_key="key", max_retries=0) as client:
        yield OpenAICompatibleModel(client, "llama").ask(prompt)


def failure(base_url: str) -> tuple[ModelError, str]:
    """Return the error of an answer and what was written before it."""
    written = ""
    with asked(base_url) as answer, pytest.raises(ModelError) as failed:
        for text in answer:
            written += text
    assert answer.completion is None
    return failed.value, written


@pytest.fixture
def base_url(server: ChatServer, served: tuple[ChatServer, str]) -> str:
    return served[1]


def test_the_request_is_a_streamed_chat(server: ChatServer, base_url: str) -> None:
    server.script = [chunk("ok", finish="stop"), DONE]
    with asked(base_url) as answer:
        list(answer)

    assert server.authorizations == ["Bearer key"]
    assert server.requests == [
        {**body_of(PROMPT), "model": "llama", "stream_options": {"include_usage": True}}
    ]


def test_openai_itself_has_another_name_for_the_limit() -> None:
    sent: list[Any] = []

    def send(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(200, text=f"data: {json.dumps(chunk('ok', finish='stop'))}\n\n")

    http: Any = httpx.Client(transport=httpx.MockTransport(send))
    with openai.OpenAI(api_key="key", http_client=http) as client:
        assert list(OpenAICompatibleModel(client, "gpt").ask(PROMPT)) == ["ok"]
    assert sent[0]["max_completion_tokens"] == PROMPT.max_tokens
    assert "max_tokens" not in sent[0]


def test_calls_are_joined_from_their_pieces(server: ChatServer, base_url: str) -> None:
    server.script = [
        chunk("One moment."),
        called({"index": 0, "id": "a", "function": {"name": "weather", "arguments": ""}}),
        called({"index": 1, "id": "b", "function": {"name": "time", "arguments": '{"ci'}}),
        called({"index": 0, "function": {"arguments": '{"city": "Pa'}}),
        called({"index": 1, "function": {"arguments": 'ty": "Rome"}'}}),
        called({"index": 0, "function": {"arguments": 'ris"}'}}),
        chunk(finish="tool_calls"),
        DONE,
    ]
    with asked(base_url) as answer:
        assert "".join(answer) == "One moment."

    assert answer.completion is not None
    assert answer.completion.tool_calls == (
        ToolCall("a", "weather", {"city": "Paris"}),
        ToolCall("b", "time", {"city": "Rome"}),
    )


def test_calls_of_one_number_are_told_apart(server: ChatServer, base_url: str) -> None:
    function = {"name": "weather", "arguments": "{}"}
    server.script = [
        called({"index": 0, "id": "a", "function": function}),
        called({"index": 0, "id": "b", "function": function}, finish="stop"),
        DONE,
    ]
    with asked(base_url) as answer:
        list(answer)

    assert answer.completion == Completion(
        "llama-as-served",
        StopReason.TOOL_USE,
        tool_calls=(ToolCall("a", "weather", {}), ToolCall("b", "weather", {})),
    )


def test_a_call_without_an_id_gets_one(server: ChatServer, base_url: str) -> None:
    server.script = [
        called({"index": 0, "function": {"name": "weather", "arguments": "{"}}),
        chunk(finish="length"),
        DONE,
    ]
    with asked(base_url) as answer:
        list(answer)

    assert answer.completion is not None
    assert answer.completion.stop_reason == StopReason.MAX_TOKENS
    assert answer.completion.tool_calls == (ToolCall("call_0", "weather", None),)


def test_cached_tokens_are_counted(server: ChatServer, base_url: str) -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 2}}
    server.script = [chunk("ok", finish="stop"), usage(3, 5, **details), DONE]
    with asked(base_url) as answer:
        list(answer)

    assert answer.completion is not None
    assert answer.completion.cache_read_tokens == 2


def test_nothing_is_sent_before_it_is_read(server: ChatServer, base_url: str) -> None:
    with asked(base_url) as answer:
        iter(answer)

    assert server.requests == []


def test_chunks_are_yielded_as_they_are_written(server: ChatServer, base_url: str) -> None:
    server.script = [chunk(""), chunk("Grüß "), chunk("Gott"), chunk(" 👋"), chunk(finish="stop")]
    with asked(base_url) as answer:
        assert [text for text in answer if text] == ["Grüß ", "Gott", " 👋"]


def test_thoughts_in_the_text_are_a_sign_of_life_and_no_text(
    server: ChatServer, base_url: str
) -> None:
    thoughts = [chunk("<thi"), chunk("nk>\nHm."), chunk("</think>\n\nYes"), chunk("<think>")]
    server.script = [*thoughts, chunk(finish="stop"), DONE]
    with asked(base_url) as answer:
        assert list(answer) == ["", "", "Yes", "<think>", ""]


def test_a_text_that_could_have_been_thoughts_is_not_lost(
    server: ChatServer, base_url: str
) -> None:
    server.script = [chunk("<th"), chunk(finish="length"), DONE]
    with asked(base_url) as answer:
        assert "".join(answer) == "<th"


def test_a_stream_that_ends_before_any_text_is_unavailable(
    server: ChatServer, base_url: str
) -> None:
    server.script = [chunk("<think>Hm."), DONE]
    error, written = failure(base_url)
    assert (type(error), written) == (ModelUnavailable, "")


def test_a_last_chunk_with_text_is_not_lost(server: ChatServer, base_url: str) -> None:
    server.script = [chunk("one "), chunk("two", finish="stop"), DONE]
    with asked(base_url) as answer:
        assert "".join(answer) == "one two"
    assert answer.completion == Completion("llama-as-served", StopReason.END_TURN)


def test_usage_is_counted_where_the_server_says_it(server: ChatServer, base_url: str) -> None:
    server.script = [chunk("ok"), chunk(finish="stop"), usage(3, 5), DONE]
    with asked(base_url) as answer:
        list(answer)

    assert answer.completion == Completion("llama-as-served", StopReason.END_TURN, 3, 5)


@pytest.mark.parametrize(
    ("finish", "stop_reason"),
    [
        ("stop", StopReason.END_TURN),
        ("length", StopReason.MAX_TOKENS),
        ("content_filter", StopReason.REFUSED),
        ("tool_calls", StopReason.TOOL_USE),
        ("something_new", StopReason.OTHER),
    ],
)
def test_a_reason_to_stop_has_our_word(
    server: ChatServer, base_url: str, finish: str, stop_reason: StopReason
) -> None:
    server.script = [chunk("ok"), chunk(finish=finish), DONE]
    with asked(base_url) as answer:
        list(answer)

    assert answer.completion is not None
    assert answer.completion.stop_reason == stop_reason


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refused_request_is_rejected(server: ChatServer, base_url: str, status: int) -> None:
    server.response = JSONResponse({"error": {"message": "a secret"}}, status)
    error, _ = failure(base_url)

    assert type(error) is ModelRejected
    assert "secret" not in str(error)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_server_that_fails_is_unavailable(server: ChatServer, base_url: str, status: int) -> None:
    server.response = JSONResponse({"error": {"message": "a secret"}}, status)
    error, _ = failure(base_url)

    assert type(error) is ModelUnavailable
    assert "secret" not in str(error)


def test_an_unreachable_server_is_unavailable() -> None:
    error, _ = failure("http://127.0.0.1:1/v1")

    assert type(error) is ModelUnavailable


@pytest.mark.parametrize("ending", [[], [DONE]])
def test_a_stream_that_merely_ends_is_interrupted(
    server: ChatServer, base_url: str, ending: list[str]
) -> None:
    server.script = [chunk("Once upon "), chunk("a time"), *ending]
    error, written = failure(base_url)

    assert type(error) is ModelInterrupted
    assert str(error) == "the stream ended without finish_reason"
    assert written == "Once upon a time"


def test_an_error_in_the_stream_is_an_interruption(server: ChatServer, base_url: str) -> None:
    server.script = [chunk("Once upon "), {"error": {"message": "out of memory"}}]
    error, written = failure(base_url)

    assert type(error) is ModelInterrupted
    assert written == "Once upon "


def test_an_error_before_any_text_is_unavailability(server: ChatServer, base_url: str) -> None:
    server.script = [{"error": {"message": "out of memory"}}]
    error, _ = failure(base_url)

    assert type(error) is ModelUnavailable


def test_a_connection_that_breaks_is_an_interruption(server: ChatServer, base_url: str) -> None:
    # More was promised than comes, as of a server that is killed.
    event = f"data: {json.dumps(chunk('Once upon '))}\n\n".encode()
    server.response = BrokenOff(event)
    error, written = failure(base_url)

    assert type(error) is ModelInterrupted
    assert written == "Once upon "


@pytest.mark.parametrize("odd", [[], 5, None, {"choices": "x"}, {"choices": [{"delta": 5}]}])
def test_a_chunk_of_another_shape_breaks_the_stream(
    server: ChatServer, base_url: str, odd: object
) -> None:
    server.script = [chunk("Once"), odd, chunk(finish="stop"), DONE]
    error, written = failure(base_url)
    assert (type(error), written) == (ModelInterrupted, "Once")


@pytest.mark.parametrize("sparse", [{}, {"choices": None}, {"choices": [{}]}, {"usage": {}}])
def test_a_chunk_that_says_nothing_adds_nothing(
    server: ChatServer, base_url: str, sparse: dict[str, Any]
) -> None:
    server.script = [sparse, chunk("Once"), sparse, chunk(finish="stop"), sparse, DONE]
    with asked(base_url) as answer:
        assert "".join(answer) == "Once"


def test_the_errors_of_the_clients_own_transport_are_known() -> None:
    package = openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0]

    assert sys.modules[package].HTTPError in FAILURES


class BrokenOff(Response):
    """Sends some of its body; then the connection closes."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream"), (b"transfer-encoding", b"chunked")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})


def test_a_closed_stream_is_not_complete(server: ChatServer, base_url: str) -> None:
    server.script = [chunk("one "), chunk("two "), chunk("three", finish="stop"), DONE]
    written = []
    with asked(base_url) as answer:
        for text in answer:
            written.append(text)
            answer.close()

    assert written == ["one "]
    assert answer.completion is None
