"""Answers as responses that stream."""

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

from fakes import FakeStream
from fulfillment.errors import ModelInterrupted, ModelUnavailable
from fulfillment.models.base import ModelStream
from stack_fixture import running_app
from websocket_stack.local.bedrock import model_streams

BROKEN = b"broken"


def parts(answer: ModelStream) -> Iterator[bytes]:
    yield b"begin "
    for text in answer:
        yield text.encode()
    assert answer.completion is not None
    yield f" {answer.completion.stop_reason}".encode()


def get(answer: FakeStream, open_after_seconds: float = 5.0) -> Any:
    def endpoint(request: Request) -> Response:
        return model_streams.respond(
            answer,
            parts,
            broken=BROKEN,
            headers={"x-session": "one"},
            open_after_seconds=open_after_seconds,
        )

    with TestClient(Starlette(routes=[Route("/", endpoint)])) as http:
        return http.get("/")


def test_an_answer_is_the_body_in_its_own_order() -> None:
    answer = FakeStream(["one ", "two"])
    response = get(answer)

    assert response.content == b"begin one two end_turn"
    assert response.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert response.headers["x-session"] == "one"
    assert answer.closed.is_set()


def test_what_fails_at_once_is_raised() -> None:
    with pytest.raises(ModelUnavailable):
        get(FakeStream([ModelUnavailable("busy")]))


def test_what_fails_later_is_an_event() -> None:
    answer = FakeStream(["one ", ModelInterrupted("broke")])

    assert get(answer).content == b"begin one broken"
    assert answer.closed.is_set()


def test_what_fails_once_the_stream_is_open_is_an_event_too() -> None:
    fail = Event()
    answer = FakeStream([fail, ModelUnavailable("busy")])

    def opened(answer: ModelStream) -> Iterator[bytes]:
        fail.set()
        yield from parts(answer)

    response = model_streams.respond(
        answer, opened, broken=BROKEN, headers={}, open_after_seconds=0.0
    )
    with TestClient(Starlette(routes=[Route("/", lambda request: response)])) as http:
        assert http.get("/").content == b"begin broken"


def test_an_answer_of_nothing_is_complete() -> None:
    assert get(FakeStream([])).content == b"begin  end_turn"


def test_a_caller_who_hangs_up_stops_the_model() -> None:
    never, ended = Event(), Event()
    answer = FakeStream(["one ", never, "two"])

    def until_closed(answer: ModelStream) -> Iterator[bytes]:
        try:
            yield from parts(answer)
        finally:
            ended.set()

    def endpoint(request: Request) -> Response:
        return model_streams.respond(
            answer, until_closed, broken=BROKEN, headers={}, open_after_seconds=5.0
        )

    routes = [Route("/", endpoint), Route("/health", lambda request: Response("ok"))]
    with running_app(Starlette(routes=routes)) as origin:
        with closing(HTTPConnection(origin.partition("://")[2], timeout=20)) as connection:
            connection.request("GET", "/")
            assert connection.getresponse().read(10) == b"begin one "
        assert answer.closed.wait(10)
        assert ended.wait(10)
