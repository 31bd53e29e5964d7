from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scripts.benchmark.chat_server.clients import Client

HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
LONG = "x" * 300


class FakeTransport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))


def frame(opcode: int, payload: bytes) -> bytes:
    if len(payload) < 126:
        return bytes([opcode, len(payload)]) + payload
    return bytes([opcode, 126]) + len(payload).to_bytes(2) + payload


def text(value: str) -> bytes:
    return frame(0x81, f'{{"id":0,"text":"{value}"}}'.encode())


async def client_of(stream: bytes, cuts: list[int]) -> tuple[Client, FakeTransport]:
    client, transport = Client(), FakeTransport()
    client.connection_made(transport)
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        client.data_received(stream[begin:end])
    return client, transport


@given(st.data())
def test_frames_are_read_however_they_arrive(data: Any) -> None:
    stream = HEAD + text("") + text("Hello") + frame(0x89, b"ping") + text(LONG) + text("")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    client, transport = asyncio.run(client_of(stream, cuts))
    assert [arrival.text for arrival in client.arrivals] == ["Hello", LONG]
    assert client.over.done()
    assert transport.written[1:] == [b"\x8a\x84\0\0\0\0ping"]


def test_an_answer_without_its_end_is_not_over() -> None:
    client, _ = asyncio.run(client_of(HEAD + text("") + text("Hello"), []))
    assert not client.over.done()
