"""Clients that read badly, and a server that stops."""

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

import pytest
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

HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def open_without_reading(port, text, times):
    """Return a socket that asks questions, and whose window is as small as it can be."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 1)
    raw.connect(("127.0.0.1", port))
    payload = json.dumps({"id": 0, "text": text}).encode()
    assert len(payload) < 126
    raw.sendall(HANDSHAKE.encode())
    assert raw.recv(4_096).startswith(b"HTTP/1.1 101")
    raw.sendall((bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload) * times)
    return raw


@pytest.mark.slow
def test_a_client_that_stops_reading_costs_nobody_else_anything():
    limits = Limits(asks_per_minute=1_000, runs=1_000)
    settings = QUICK._replace(send_seconds=1.0, limits=limits)
    long = ["x" * 50_000] * 2

    def script(utterance):
        return long if utterance == "long" else ["Hello."]

    with running(script, settings=settings) as server:
        stuck = [open_without_reading(server.port, "long", 10) for _ in range(5)]
        eventually(lambda: len(server.source.questions) == 50)
        with server.connect() as socket:
            for number in range(20):
                began = time.monotonic()
                socket.send(json.dumps({"id": number, "text": "short"}))
                assert numbered(socket, number) == ["Hello."]
                assert time.monotonic() - began < 1
        eventually(lambda: not server.chat_server._sockets)
        for each in stuck:
            each.close()


def test_runs_finish_before_the_sockets_close():
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


def drain_of(server):
    import asyncio

    def drain():
        future = asyncio.run_coroutine_threadsafe(server.chat_server.drain(), server.loop)
        future.result(SECONDS)

    return drain


def test_a_run_that_goes_on_is_told_the_restart():
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


@pytest.mark.slow
def test_sigterm_ends_the_process_well():
    environ = os.environ | {"CLOSE_JITTER_SECONDS": "0.2"}
    command = [sys.executable, "-m", "websocket_stack.server", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
    try:
        line = process.stdout.readline()
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
        process.stdout.close()
        process.wait()


def numbered_rest(socket):
    texts = []
    while not texts or texts[-1]:
        texts.append(json.loads(socket.recv(SECONDS))["text"])
    return texts
