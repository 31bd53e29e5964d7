from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.websocket_stack.server.views import log_of
from websocket_stack.server.outbox import MAX_WAITING, Outbox
from websocket_stack.server.protocol import Close
from websocket_stack.server.protocol_numbered import NumberedView
from websocket_stack.server.reader import Reader
from websocket_stack.server.run_log import RunLog

NOW = 0


class FakeSocket:
    """A socket that takes so many frames, then no more until it is let go on."""

    def __init__(self, takes: Any = 1_000) -> None:
        self.frames: list[Any] = []
        self.closed_with = None
        self.is_aborted = False
        self.go_on = asyncio.Event()
        self._takes = takes

    async def send(self, frame: Any) -> None:
        if len(self.frames) >= self._takes:
            await self.go_on.wait()
        self.frames.append(frame)

    async def close(self, code: Any, reason: Any) -> None:
        self.closed_with = code

    def abort(self) -> None:
        self.is_aborted = True


def outbox_of(socket: Any, send_seconds: Any = 5.0) -> Any:
    over: list[Any] = []
    sent: list[Any] = []
    return Outbox(socket, send_seconds, over.append, sent.append), over, sent


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(NOW)


def test_what_gathers_while_a_client_reads_slowly_leaves_together() -> None:
    async def run() -> Any:
        socket, log = FakeSocket(takes=1), RunLog()
        outbox, over, sent = outbox_of(socket)
        outbox.add(Reader(log, NumberedView(0)))
        sending = asyncio.create_task(outbox.run())
        await settled()
        for piece in "abcdef":
            log.add(piece)
            outbox.wake()
            await settled()
        assert len(socket.frames) == 1
        socket.go_on.set()
        await settled()
        sending.cancel()
        return socket.frames

    assert asyncio.run(run())[1:] in (
        ['{"id":0,"text":"abcdef"}'],
        ['{"id":0,"text":"a"}', '{"id":0,"text":"bcdef"}'],
    )


def test_a_client_that_takes_nothing_is_let_go() -> None:
    async def run() -> Any:
        socket = FakeSocket(takes=0)
        outbox, _, _ = outbox_of(socket, send_seconds=0.01)
        outbox.put(["a"])
        with pytest.raises(TimeoutError):
            await outbox.run()
        return socket.is_aborted

    assert asyncio.run(run())


def test_a_client_that_only_asks_is_let_go() -> None:
    async def run() -> Any:
        socket = FakeSocket()
        outbox, _, _ = outbox_of(socket)
        outbox.put(["a"] * (MAX_WAITING + 1))
        return socket.is_aborted

    assert asyncio.run(run())


def test_a_reader_is_over_when_all_is_taken() -> None:
    async def run() -> Any:
        socket = FakeSocket()
        outbox, over, sent = outbox_of(socket)
        reader = Reader(log_of(["a"]), NumberedView(0))
        outbox.add(reader)
        outbox.put([Close(1000)])
        await outbox.run()
        return socket, over == [reader], outbox.last_reader

    socket, is_over, last = asyncio.run(run())
    # What belongs to no reader comes first.
    assert socket.closed_with == 1000
    assert is_over and last is None
