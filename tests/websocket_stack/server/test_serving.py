"""Clients that read badly, and a server that stops."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket as sockets
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.websocket_stack.server.chat_servers import (
    QUICK,
    SECONDS,
    eventually,
    receive_until,
    running,
)
from tests.websocket_stack.server.test_app import is_end, numbered, send, text_of
from websocket_stack.server.limits import Limits

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def open_raw(port: Any, address: Any) -> Any:
    """Return a socket of a client at another address, whose window is as small as it can be."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 1)
    raw.connect(("127.0.0.1", port))
    raw.sendall(HANDSHAKE.replace("\r\n\r\n", f"\r\nX-Forwarded-For: {address}\r\n\r\n").encode())
    assert raw.recv(4_096).startswith(b"HTTP/1.1 101")
    return raw


def question(text: Any) -> Any:
    payload = json.dumps({"id": 0, "text": text}).encode()
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload


def stops_reading(raw: Any) -> None:
    raw.sendall(question("long") * 10)


def floods(raw: Any) -> None:
    raw.sendall(question("short") * 1_000)


def sends_10_mb(raw: Any) -> None:
    # It may be cut off before it has sent all.
    with suppress(OSError):
        raw.sendall(bytes([0x81, 0xFF]) + (10_000_000).to_bytes(8) + bytes(10_000_004))


@pytest.mark.parametrize("misbehaves", [stops_reading, floods, sends_10_mb])
def test_a_client_that_misbehaves_costs_no_other_anything(misbehaves: Any) -> None:
    limits = Limits(asks_per_minute=100, runs=100)
    settings = QUICK._replace(send_seconds=1.0, limits=limits)
    script = {"long": ["x" * 50_000] * 2, "short": ["Hello."]}.__getitem__
    with running(script, settings=settings) as server, server.connect() as socket:
        others = [open_raw(server.port, f"192.0.2.{number}") for number in range(5)]
        sending = [threading.Thread(target=misbehaves, args=(each,)) for each in others]
        for thread in sending:
            thread.start()
        began = time.monotonic()
        for number in range(20):
            socket.send(json.dumps({"id": number, "text": "short"}))
            assert numbered(socket, number) == ["Hello."]
        # Of those that are stuck, each would cost a second by itself.
        assert time.monotonic() - began < 5
        # None that misbehaves is kept.
        eventually(lambda: len(server.chat_server._sockets) == 1)
        for each, thread in zip(others, sending, strict=True):
            each.close()
            thread.join(SECONDS)
        # Of thousands, what may come at once, and in the first minute.
        assert len(server.source.questions) <= 20 + 5 * 2 * limits.asks_per_minute


def test_runs_finish_before_the_sockets_close() -> None:
    go_on = threading.Event()
    with running(lambda utterance: ["Hello", go_on, "!"]) as server:
        with server.connect() as socket:
            socket.send(send("request-drain-0123456"))
            receive_until(socket, lambda frame: "Hello" in text_of([frame]))
            draining = threading.Thread(target=drain_of(server))
            draining.start()
            eventually(lambda: not server.chat_server.is_ready)
            socket.send(send("request-late-01234567"))
            refused = receive_until(socket, is_end)[-1]
            assert (refused["outcome"], refused["requestId"]) == (
                "refused",
                "request-late-01234567",
            )
            go_on.set()
            assert text_of(receive_until(socket, is_end)) == "!"
            with pytest.raises(ConnectionClosed):
                socket.recv(SECONDS)
            assert socket.close_code == 1012
            draining.join(SECONDS)


def drain_of(server: Any) -> Any:
    def drain() -> None:
        future = asyncio.run_coroutine_threadsafe(server.chat_server.drain(), server.loop)
        future.result(SECONDS)

    return drain


def test_a_run_that_goes_on_is_told_the_restart() -> None:
    settings = QUICK._replace(drain_seconds=0.05)
    with running(lambda utterance: ["Hello", threading.Event()], settings=settings) as server:
        with server.connect() as socket:
            socket.send(send("request-drain-0123456"))
            receive_until(socket, lambda frame: "Hello" in text_of([frame]))
            draining = threading.Thread(target=drain_of(server))
            draining.start()
            frames = receive_until(socket, is_end)
            assert "restarted" in text_of(frames)
            draining.join(SECONDS)


@pytest.mark.ci
def test_sigterm_ends_the_process_well() -> None:
    environ = os.environ | {"CLOSE_JITTER_SECONDS": "0.2"}
    command = [sys.executable, "-m", "websocket_stack.server", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
    output = process.stdout
    assert output
    try:
        line = output.readline()
        port = int(line.split("127.0.0.1:")[1].split()[0])
        with connect(f"ws://127.0.0.1:{port}/ws") as socket:
            socket.send('{"id":0,"text":"What is Lex Streaming?"}')
            socket.recv(SECONDS)
            process.send_signal(signal.SIGTERM)
            assert "".join(numbered_rest(socket))
            with suppress(ConnectionClosed):
                socket.recv(SECONDS)
            assert socket.close_code == 1012
        assert process.wait(SECONDS) == 0
        with pytest.raises(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health")
    finally:
        process.kill()
        output.close()
        process.wait()


BOT = """
import threading
from fulfillment import Bot

bot = Bot()


@bot.fallback
def answer(turn):
    yield "Hello"
    threading.Event().wait(float(turn.utterance))
    yield " world."
"""
SOON, NEVER = "1", "600"
SOCKETS, RUNS = 500, 50


async def numbered_reply(socket: Any, seconds: Any, asked: Any) -> Any:
    """Ask, and return the reply's text and how the socket was closed after it."""
    await socket.send(json.dumps({"id": 0, "text": seconds}))
    texts: list[Any] = []
    while not texts or texts[-1] or len(texts) == 1:
        texts.append(json.loads(await socket.recv())["text"])
        if texts[-1]:
            asked.release()
    await socket.wait_closed()
    return "".join(texts), socket.close_code


async def silence(socket: Any) -> Any:
    await socket.wait_closed()
    return "", socket.close_code


async def endings_of(port: Any, process: Any) -> Any:
    """Open many sockets, ask at some of them, and stop the server while it replies."""
    asked = asyncio.Semaphore(0)
    opened = [
        await connect_async(f"ws://127.0.0.1:{port}/ws", open_timeout=60, ping_interval=None)
        for _ in range(SOCKETS)
    ]
    runs = [
        numbered_reply(socket, SOON if number % 2 else NEVER, asked)
        for number, socket in enumerate(opened[:RUNS])
    ]
    ending = asyncio.gather(*runs, *map(silence, opened[RUNS:]))
    for _ in range(RUNS):
        await asyncio.wait_for(asked.acquire(), 60)
    process.send_signal(signal.SIGTERM)
    return await asyncio.wait_for(ending, 60)


@pytest.mark.ci
def test_at_sigterm_runs_finish_or_are_told_and_each_socket_is_closed(tmp_path: Path) -> None:
    (tmp_path / "my_bot.py").write_text(BOT)
    environ = os.environ | {
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        "CLOSE_JITTER_SECONDS": "1",
        "DRAIN_SECONDS": "4",
        "RUNS_PER_USER": "1000",
        "SOCKETS_PER_USER": "1000",
    }
    command = [sys.executable, "-m", "websocket_stack.server", "--port", "0", "--bot", "my_bot:bot"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
    output = process.stdout
    assert output
    try:
        port = int(output.readline().split("127.0.0.1:")[1].split()[0])
        never_reads = open_raw(port, "192.0.2.1")
        endings = asyncio.run(endings_of(port, process))
        assert process.wait(30) == 0
        never_reads.close()
    finally:
        process.kill()
        output.close()
        process.wait()
    assert {code for _, code in endings} == {1012}
    texts = [text for text, _ in endings[:RUNS]]
    assert texts[1::2] == ["Hello world."] * (RUNS // 2)
    assert all(text.startswith("Hello") and "restarted" in text for text in texts[::2])


def numbered_rest(socket: Any) -> Any:
    texts: list[Any] = []
    while not texts or texts[-1]:
        texts.append(json.loads(socket.recv(SECONDS))["text"])
    return texts
