from __future__ import annotations

import json
import socket as sockets
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from httpx_sse import connect_sse

from tests.websocket_stack.server.chat_servers import QUICK, SECONDS, eventually, running
from websocket_stack.server.invocations import SESSION_HEADER, Ping
from websocket_stack.server.limits import Limits
from websocket_stack.server.sign_in import KnownTokens

pytestmark = pytest.mark.slow

SESSION = "session-0123456789abcdef0123456789abcdef"
TOKEN = "t" * 32
HI = {"prompt": "hi"}


def url_of(server: Any, path: Any = "/invocations") -> Any:
    return f"http://127.0.0.1:{server.port}{path}"


def invoke(server: Any, json: Any = HI, **options: Any) -> Any:
    return httpx.post(url_of(server), json=json, timeout=SECONDS, **options)


@pytest.fixture(scope="module")
def hello() -> Iterator[Any]:
    with running() as server:
        yield server


def test_a_request_is_answered_with_json(hello: Any) -> None:
    answer = invoke(hello)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    usage = {"input_tokens": 3, "output_tokens": 5, "estimated": False}
    assert answer.json() == {
        "response": "Hello world!",
        "status": "success",
        "outcome": "completed",
        "usage": usage,
    }


def test_a_request_is_answered_with_events_as_they_are_written() -> None:
    go_on = threading.Event()
    with running(lambda utterance: ["Hello", go_on, " world"]) as server, httpx.Client() as client:
        with connect_sse(client, "POST", url_of(server), json=HI, timeout=SECONDS) as source:
            events = source.iter_sse()
            assert json.loads(next(events).data) == {"event": "Hello"}
            go_on.set()
            *rest, last = [json.loads(event.data) for event in events]
    assert rest == [{"event": " world"}]
    assert last["status"] == "success"


def test_a_session_is_remembered_and_another_one_is_not() -> None:
    with running() as server:
        for session in (SESSION, SESSION, SESSION[::-1], "short", "short"):
            invoke(server, headers={SESSION_HEADER: session})
        earlier = [len(question.earlier) for question in server.source.questions]
    assert earlier == [0, 1, 0, 0, 0]


def test_a_client_that_goes_away_stops_the_model() -> None:
    with running(lambda utterance: ["Hello", threading.Event()]) as server:
        with httpx.Client() as client:
            with connect_sse(client, "POST", url_of(server), json=HI, timeout=SECONDS) as source:
                next(source.iter_sse())
        eventually(lambda: server.source.closed == [True])


def test_a_client_that_stops_reading_is_let_go() -> None:
    long = ["x" * 50_000] * 40
    with running(lambda utterance: long, settings=QUICK._replace(send_seconds=1.0)) as server:
        with sockets.socket() as raw:
            raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 1)
            raw.settimeout(SECONDS)
            raw.connect(("127.0.0.1", server.port))
            body = json.dumps(HI)
            raw.sendall(
                "POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
            )
            runs = server.chat_server._services.runs._runs
            eventually(lambda: any(run.log.ending for run in runs.values()))
            eventually(lambda: not any(run.readers for run in runs.values()))
            received = 0
            with suppress(ConnectionResetError):
                while data := raw.recv(100_000):
                    received += len(data)
        assert received < sum(map(len, long))


def test_what_asks_nothing_is_refused(hello: Any) -> None:
    assert invoke(hello, {"prompt": ""}).status_code == 400
    assert invoke(hello, {"prompt": "a" * 70_000}).status_code == 413
    assert httpx.get(url_of(hello)).status_code == 405


def test_a_page_of_another_origin_is_refused(hello: Any) -> None:
    """It could not read the answer, but it could ask."""
    assert invoke(hello, headers={"Origin": "https://evil.example"}).status_code == 403


def test_who_has_to_sign_in_sends_a_token() -> None:
    with running(verifier=KnownTokens([TOKEN])) as server:
        assert invoke(server).status_code == 401
        assert invoke(server, headers={"Authorization": "Bearer wrong"}).status_code == 401
        answer = invoke(server, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.json()["response"] == "Hello world!"


def test_who_asks_too_much_is_told_so() -> None:
    settings = QUICK._replace(limits=Limits(asks_per_minute=1))
    with running(settings=settings) as server:
        assert invoke(server).status_code == 200
        refused = invoke(server)
    assert refused.status_code == 429
    assert "ask again in" in refused.json()["notice"]


def test_a_server_that_shuts_down_takes_no_requests() -> None:
    with running() as server:
        server.chat_server._services.runs.is_draining = True
        assert invoke(server).status_code == 503


def test_ping_tells_whether_runs_go_on() -> None:
    go_on = threading.Event()
    with running(lambda utterance: ["Hello", go_on]) as server, server.connect() as socket:

        def status() -> Any:
            return httpx.get(url_of(server, "/ping")).json()["status"]

        assert status() == "Healthy"
        socket.send('{"id":0,"text":"hi"}')
        socket.recv(SECONDS)
        assert status() == "HealthyBusy"
        go_on.set()
        eventually(lambda: status() == "Healthy")


def test_ping_tells_since_when() -> None:
    running, now = [0], [100.7]
    ping = Ping(lambda: running[0], lambda: now[0])
    assert ping.state() == {"status": "Healthy", "time_of_last_update": 100}
    now[0] = 200.0
    assert ping.state()["time_of_last_update"] == 100
    running[0] = 2
    assert ping.state() == {"status": "HealthyBusy", "time_of_last_update": 200}
    now[0] = 300.0
    assert ping.state()["time_of_last_update"] == 200
