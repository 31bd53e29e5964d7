"""A crowd of clients that ask at once and note what arrives when.

Twenty-five thousand frames a second leave no time for a whole WebSocket client: a server's frames
are not masked, and here neither cut nor longer than 64 KiB.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
TEXT, PING, PONG = 0x81, 0x89, 0x8A
# So that a crowd that opens its sockets is no attack.
OPENING_TOGETHER = 50


class Arrival(NamedTuple):
    """A text and when it arrived."""

    at: float
    text: str


class Client(asyncio.Protocol):
    """One client, of the protocol ``{"id", "text"}``.

    Attributes:
        over: is done when its answer has ended.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.over: asyncio.Future[None] = loop.create_future()
        self._closed: asyncio.Future[None] = loop.create_future()
        self._frames: list[tuple[float, bytes]] = []
        self._unread = bytearray()
        self._marks = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(HANDSHAKE.encode())

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not self.opened.done():
            head, end, self._unread = self._unread.partition(b"\r\n\r\n")
            if not end:
                self._unread = head
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self.opened.set_result(None)
        at = time.monotonic()
        for opcode, payload in self._taken():
            if opcode == PING:
                self._send(PONG, payload)
            elif opcode == TEXT:
                self._frames.append((at, payload))
                # An answer begins and ends with an empty text.
                self._marks += payload.endswith((b'"text":""}', b'"text": ""}'))
                if self._marks == 2 and not self.over.done():
                    self.over.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(ConnectionError("closed before the end"))
        self._closed.set_result(None)

    def ask(self, question: str) -> None:
        """Ask the one question of this client."""
        self._send(TEXT, json.dumps({"id": 0, "text": question}).encode())

    async def close(self) -> None:
        """Go away, without a word."""
        self.over.cancel()
        self._transport.abort()
        await self._closed

    @property
    def arrivals(self) -> Sequence[Arrival]:
        """The texts of its answer."""
        arrivals = [Arrival(at, json.loads(payload)["text"]) for at, payload in self._frames]
        return [arrival for arrival in arrivals if arrival.text]

    def _taken(self) -> Iterator[tuple[int, bytes]]:
        unread, position = self._unread, 0
        while len(unread) >= position + 2:
            length, begin = unread[position + 1], position + 2
            if length == 126:
                length, begin = int.from_bytes(unread[begin : begin + 2]), begin + 2
            if len(unread) < begin + length or begin > len(unread):
                break
            yield unread[position], bytes(unread[begin : begin + length])
            position = begin + length
        del unread[:position]

    def _send(self, opcode: int, payload: bytes) -> None:
        assert len(payload) < 126
        # A mask of zeros changes nothing.
        self._transport.write(bytes([opcode, 0x80 | len(payload), 0, 0, 0, 0]) + payload)


async def open_clients(port: int, count: int) -> Sequence[Client]:
    """Return clients whose sockets are open."""
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    while len(clients) < count:
        opening = [
            loop.create_connection(Client, "127.0.0.1", port)
            for _ in range(min(OPENING_TOGETHER, count - len(clients)))
        ]
        opened = [client for _, client in await asyncio.gather(*opening)]
        await asyncio.gather(*(client.opened for client in opened))
        clients += opened
    return clients


async def ask_all(
    clients: Sequence[Client], chunks: int, spread_seconds: float
) -> Sequence[Sequence[Arrival]]:
    """Let each client ask for so many chunks; return what arrived at each.

    Args:
        clients: their sockets are open.
        chunks: how many make an answer.
        spread_seconds: over how long the questions are asked.
    """
    for client in clients:
        client.ask(str(chunks))
        await asyncio.sleep(spread_seconds / len(clients))
    await asyncio.gather(*(client.over for client in clients))
    return [client.arrivals for client in clients]
