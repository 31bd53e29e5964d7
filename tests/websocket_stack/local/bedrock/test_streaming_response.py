"""Replies as responses that stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from threading import Event
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from fulfillment.errors import ModelInterrupted, ModelUnavailable
from fulfillment.models.base import Message, ModelStream, Prompt
from fulfillment.testing.scripted_model import ScriptedStream
from tests.stack_fixture import running_app
from websocket_stack.local.bedrock.streaming_response import streaming_response
from websocket_stack.local.demo_model.model import DemoModel
from websocket_stack.local.demo_model.passages import Library

pytestmark = pytest.mark.slow

BROKEN = b"broken"


def events(answer: ModelStream) -> Iterator[bytes]:
    yield b"begin "
    for text in answer:
        yield text.encode()
    assert answer.completion is not None
    yield f" {answer.completion.stop_reason}".encode()


def get(answer: ScriptedStream, open_after_seconds: float = 5.0) -> Any:
    def endpoint(request: Request) -> Response:
        return streaming_response(
            answer,
            events,
            broken=BROKEN,
            headers={"x-session": "one"},
            open_after_seconds=open_after_seconds,
        )

    with TestClient(Starlette(routes=[Route("/", endpoint)])) as http:
        return http.get("/")


def test_a_reply_is_streamed_in_order() -> None:
    answer = ScriptedStream(["one ", "two"])
    response = get(answer)

    assert response.content == b"begin one two end_turn"
    assert response.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert response.headers["x-session"] == "one"
    assert answer.closed.is_set()


def test_an_early_failure_is_raised() -> None:
    with pytest.raises(ModelUnavailable):
        get(ScriptedStream([ModelUnavailable("busy")]))


def test_a_later_failure_is_an_event() -> None:
    answer = ScriptedStream(["one ", ModelInterrupted("broke")])

    assert get(answer).content == b"begin one broken"
    assert answer.closed.is_set()


def test_a_failure_in_an_open_stream_is_an_event() -> None:
    fail = Event()
    answer = ScriptedStream([fail, ModelUnavailable("busy")])

    def opened(answer: ModelStream) -> Iterator[bytes]:
        fail.set()
        yield from events(answer)

    response = streaming_response(answer, opened, broken=BROKEN, headers={}, open_after_seconds=0.0)
    with TestClient(Starlette(routes=[Route("/", lambda request: response)])) as http:
        assert http.get("/").content == b"begin broken"


def test_an_empty_reply_is_complete() -> None:
    assert get(ScriptedStream([])).content == b"begin  end_turn"


def test_hanging_up_stops_the_model() -> None:
    never, ended = Event(), Event()
    answer = ScriptedStream(["one ", never, "two"])

    def until_closed(answer: ModelStream) -> Iterator[bytes]:
        try:
            yield from events(answer)
        finally:
            ended.set()

    def endpoint(request: Request) -> Response:
        return streaming_response(
            answer, until_closed, broken=BROKEN, headers={}, open_after_seconds=5.0
        )

    routes = [Route("/", endpoint), Route("/health", lambda request: Response("ok"))]
    with running_app(Starlette(routes=routes)) as origin:
        with closing(HTTPConnection(origin.partition("://")[2], timeout=20)) as connection:
            connection.request("GET", "/")
            assert connection.getresponse().read(10) == b"begin one "
        assert answer.closed.wait(10)
        assert ended.wait(10)


def test_a_call_that_is_closed_does_not_end_well() -> None:
    model = DemoModel(Library([]), sleep=lambda seconds: None)
    answer = model.write(Message("assistant", "Once upon a time"), Prompt(()))

    def closing_events(chunks: ModelStream) -> Iterator[bytes]:
        for text in chunks:
            yield text.encode()
            answer.close()

    response = streaming_response(
        answer, closing_events, broken=BROKEN, headers={}, open_after_seconds=5.0
    )
    with TestClient(Starlette(routes=[Route("/", lambda request: response)])) as http:
        assert http.get("/").content == b"Oncebroken"
