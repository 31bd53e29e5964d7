"""Two processes' worth of chat servers that share a Redis."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket as sockets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.websocket_stack.server.chat_servers import (
    QUICK,
    SECONDS,
    eventually,
    receive_until,
    running,
)
from tests.websocket_stack.server.redis_servers import redis_server
from tests.websocket_stack.server.test_app import CHAT, is_end, resume, send, text_of
from tests.websocket_stack.server.test_serving import HANDSHAKE
from websocket_stack.server.redis_entries import Names

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with redis_server(str(tmp_path_factory.mktemp("redis"))) as server:
        yield server


@pytest.fixture
def redis(shared: Any) -> Any:
    shared.client.flushall()
    return shared


def chat_servers(redis: Any, script: Any) -> Any:
    return running(script, redis=redis.url), running(script, redis=redis.url)


def begins(frame: Any) -> Any:
    return "Hello" in text_of([frame])


def test_a_cut_client_goes_on_at_another_process(redis: Any) -> None:
    go_on = threading.Event()
    ours, theirs = chat_servers(redis, lambda utterance: ["Hello", " world", go_on, "!"])
    with ours as a, theirs as b:
        with a.connect() as socket:
            socket.send(send("request-0123456789ab"))
            first = receive_until(socket, begins)
        with b.connect() as socket:
            socket.send(resume("again", first[-1]["sequence"]))
            go_on.set()
            rest = receive_until(socket, is_end)
        assert text_of(first) + text_of(rest) == "Hello world!"
        assert rest[-1]["usage"]["output_tokens"] == 5
        assert (len(a.source.questions), len(b.source.questions)) == (1, 0)


# Of some lengths, so that cuts fall into the headers of frames too.
ALL = 1_000_000
REPLY = ["Hello", " ", "w" * 130, "ö", "rld" * 50, "!"]


def test_a_client_that_is_cut_at_any_byte_gets_the_text_once(redis: Any) -> None:
    ours, theirs = chat_servers(redis, lambda utterance: REPLY)
    numbers = itertools.count()
    with ours as a, theirs as b:
        asked = f"request-{next(numbers):020}"
        whole = len(received(a.port, send(asked, chat=asked), ALL))

        @settings(max_examples=30, deadline=None)
        @given(st.lists(st.integers(0, whole), min_size=1, max_size=3), st.booleans())
        def cut(lengths: Any, begins_here: Any) -> None:
            name, frames = f"request-{next(numbers):020}", []
            servers = itertools.cycle([a, b] if begins_here else [b, a])
            message = send(name, chat=name)
            for length in [*lengths, ALL]:
                frames += frames_known(next(servers).port, message, length)
                # A client that has nothing asks again: it cannot know whether it was heard.
                last = last_of(frames)
                message = message if last is None else resume("again", last, chat=name)
            assert text_of(frames) == "".join(REPLY)

        cut()


def frames_known(port: int, message: str, length: int) -> list[Any]:
    """Return the frames that arrive whole; a process that waits for Redis in vain knows no run."""
    frames: list[Any] = []

    def is_known() -> bool:
        frames[:] = frames_in(received(port, message, length))
        return all(frame["type"] != "no-active" for frame in frames)

    eventually(is_known)
    return frames


def last_of(frames: Any) -> Any:
    """Return the number of the last chunk that a client has, if it has any."""
    numbers = [frame["sequence"] for frame in frames if frame["type"] == "chunk"]
    return numbers[-1] if numbers else None


def received(port: Any, message: Any, length: Any) -> Any:
    """Send a message, and return what comes back: so many bytes, or all up to the end."""
    with sockets.create_connection(("127.0.0.1", port), SECONDS) as raw:
        raw.sendall(HANDSHAKE.encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += raw.recv(1)
        payload = message.encode()
        # A mask of zeros changes nothing.
        raw.sendall(bytes([0x81, 0xFE]) + len(payload).to_bytes(2) + bytes(4) + payload)
        data = b""
        while len(data) < length and not any(map(is_end, frames_in(data))):
            data += raw.recv(length - len(data))
    return data


def frames_in(data: Any) -> Any:
    """Return the frames that arrived whole."""
    frames = []
    while len(data) >= 2:
        length, begin = (data[1], 2) if data[1] < 126 else (int.from_bytes(data[2:4]), 4)
        if len(data) < begin + length:
            break
        frames.append(json.loads(data[begin : begin + length]))
        data = data[begin + length :]
    return frames


def test_a_request_at_both_is_asked_once(redis: Any) -> None:
    go_on = threading.Event()
    ours, theirs = chat_servers(redis, lambda utterance: ["Hello", go_on, "!"])
    with ours as a, theirs as b, a.connect() as one, b.connect() as other:
        one.send(send("request-0123456789ab"))
        receive_until(one, begins)
        other.send(send("request-0123456789ab"))
        receive_until(other, begins)
        go_on.set()
        assert text_of(receive_until(one, is_end)) == "!"
        assert text_of(receive_until(other, is_end)) == "!"
        assert (len(a.source.questions), len(b.source.questions)) == (1, 0)


def test_a_stop_at_one_stops_the_model_at_the_other(redis: Any) -> None:
    ours, theirs = chat_servers(redis, lambda utterance: ["Hello", threading.Event()])
    with ours as a, theirs as b, a.connect() as one, b.connect() as other:
        one.send(send("request-0123456789ab"))
        receive_until(one, begins)
        other.send('{"type":"abort","requestId":"request-0123456789ab"}')
        assert receive_until(one, is_end)[-1]["outcome"] == "cancelled"
        assert a.source.closed == [True]


def test_a_reader_elsewhere_keeps_a_run_alive(redis: Any) -> None:
    go_on = threading.Event()
    settings = QUICK._replace(detach_seconds=0.0)
    script: Callable[[str], Any] = {"hi": ["Hello", go_on, "!"]}.__getitem__
    with (
        running(script, redis=redis.url, settings=settings) as a,
        running(script, redis=redis.url) as b,
        b.connect() as other,
    ):
        with a.connect() as socket:
            socket.send(send("request-0123456789ab"))
            receive_until(socket, begins)
            other.send(resume("again"))
            receive_until(other, begins)
            names = Names.of("", "request-0123456789ab")
            eventually(lambda: redis.client.exists(names.readers))
            (run,) = a.chat_server._services.runs._runs.values()
            eventually(lambda: len(run.readers) == 2)
        go_on.set()
        assert text_of(receive_until(other, is_end)) == "!"


def test_a_restart_of_redis_loses_nothing(redis: Any) -> None:
    go_on, go_further = threading.Event(), threading.Event()
    steps = ["Hello", " world", go_on, ", how", " are", go_further, " you?"]
    ours, theirs = chat_servers(redis, lambda utterance: steps)
    with ours as a, theirs as b, a.connect() as one, b.connect() as other:
        one.send(send("request-0123456789ab"))
        first = receive_until(one, begins)
        other.send(resume("again"))
        second = receive_until(other, begins)
        redis.stop()
        go_on.set()
        first += receive_until(one, lambda frame: "are" in text_of([frame]))
        redis.start()
        go_further.set()
        first += receive_until(one, is_end)
        second += receive_until(other, is_end)
    assert text_of(first) == text_of(second) == "Hello world, how are you?"


def test_no_question_waits_for_a_redis_that_is_down(redis: Any) -> None:
    with running(redis=redis.url) as server, server.connect() as socket:
        redis.stop()
        try:
            began = time.monotonic()
            for number in range(3):
                socket.send(send(f"request-0123456789-{number}", chat=f"{CHAT}-{number}"))
                assert text_of(receive_until(socket, is_end)) == "Hello world!"
            # The clients of redis-py try for longer than that by themselves.
            assert time.monotonic() - began < SECONDS
            assert b"chat_redis_up 0.0" in server.chat_server._services.telemetry.page()
        finally:
            redis.start()


def test_a_writer_that_was_replaced_stops(redis: Any) -> None:
    ours, _ = chat_servers(redis, lambda utterance: ["Hello", threading.Event()])
    with ours as a, a.connect() as socket:
        socket.send(send("request-0123456789ab"))
        receive_until(socket, begins)
        names = Names.of("", "request-0123456789ab")
        eventually(lambda: redis.client.exists(names.log))
        redis.client.xadd(names.log, {"text": "Mine."}, id=f"{10**15}-1")
        (run,) = a.chat_server._services.runs._runs.values()
        a.loop.call_soon_threadsafe(run.log.add, "more")
        a.loop.call_soon_threadsafe(run.copy_due.set)
        assert receive_until(socket, is_end)[-1]["outcome"] == "cancelled"


@pytest.mark.ci
def test_a_writer_that_died_is_told(redis: Any) -> None:
    names = Names.of("", "request-0123456789ab")
    redis.client.set(names.claim, "1")
    redis.client.xadd(names.log, {"text": "Hello"}, id="7-1")
    with running(redis=redis.url) as server, server.connect() as socket:
        socket.send(send("request-0123456789ab"))
        frames = receive_until(socket, is_end)
        assert text_of(frames) == "Hello"
        assert (frames[-1]["type"], frames[-1]["outcome"]) == ("error", "interrupted")
        assert not server.source.questions


def test_processes_remember_together(redis: Any) -> None:
    ours, theirs = chat_servers(redis, lambda utterance: ["Hello."])
    with ours as a, theirs as b:
        for number, server in enumerate((a, b)):
            with server.connect() as socket:
                socket.send(send(f"request-0123456789-{number}"))
                receive_until(socket, is_end)
            eventually(lambda: redis.client.keys("*:memory"))
        assert [each.reply for each in b.source.questions[0].earlier] == ["Hello."]


def test_a_reader_until_the_end_connects_to_redis_no_more(redis: Any) -> None:
    ours, theirs = chat_servers(redis, lambda utterance: ["Hello", threading.Event()])
    with ours as a, a.connect() as one, ExitStack() as sockets:
        one.send(send("request-0123456789ab"))
        receive_until(one, begins)
        with theirs as b:
            other = sockets.enter_context(b.connect())
            other.send(resume("again"))
            receive_until(other, begins)
            assert redis.client.client_list(_type="pubsub")
            asyncio.run_coroutine_threadsafe(b.chat_server.drain(), b.loop).result(SECONDS)
        assert not redis.client.client_list(_type="pubsub")


def test_a_process_that_ends_lets_go_of_redis(redis: Any) -> None:
    """Of what remembers, and of what reads the runs of another process, one after the other."""
    ours, theirs = chat_servers(redis, lambda utterance: ["Hello", threading.Event()])
    with ours as a, theirs as b:
        for number in range(10):
            name, chat = f"request-0123456789-{number}", f"{CHAT}-{number}"
            with a.connect() as one, b.connect() as other:
                one.send(send(name, chat=chat))
                receive_until(one, begins)
                other.send(resume("again", chat=chat))
                receive_until(other, begins)
    eventually(lambda: len(redis.client.client_list()) == 1)


def test_no_key_tells_a_name(redis: Any) -> None:
    with running(redis=redis.url) as server, server.connect() as socket:
        socket.send(send("request-0123456789ab"))
        receive_until(socket, is_end)
        keys = " ".join(redis.client.keys("*"))
    assert "request" not in keys and CHAT not in keys
