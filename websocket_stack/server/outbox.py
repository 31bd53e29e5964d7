"""What a socket has not been sent yet: only positions in the logs of its runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from websocket_stack.server.protocol import Close, Output
from websocket_stack.server.reader import Reader

# Frames that belong to no run, such as heartbeats: a client that has so many waiting does not read.
MAX_WAITING = 100


class Socket(Protocol):
    """A socket, as far as it is written to."""

    async def send(self, frame: str) -> None:
        """Send a frame; waits while the client reads too slowly."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close it."""
        ...

    def abort(self) -> None:
        """Close it at once, and drop everything that was not read."""
        ...


class Outbox:
    """Writes to one socket, one frame at a time.

    While a frame waits for the client, what its runs write gathers in their logs and leaves
    together. So a slow client costs no memory and delays nothing but its own frames.

    Args:
        socket: what is written to.
        send_seconds: how long the client may take for a frame.
        over: is called with each reader that has been sent all.
        sent: is called with the number of frames that were sent.
    """

    def __init__(
        self,
        socket: Socket,
        send_seconds: float,
        over: Callable[[Reader], None],
        sent: Callable[[int], None],
    ) -> None:
        self._socket = socket
        self._send_seconds = send_seconds
        self._over = over
        self._sent = sent
        self._waiting: list[Output] = []
        self._readers: list[Reader] = []
        self._due = asyncio.Event()
        self._clock = asyncio.get_running_loop().time
        self.is_busy = False

    @property
    def last_reader(self) -> Reader | None:
        """The reader that was added last, of those that are not over."""
        return self._readers[-1] if self._readers else None

    def add(self, reader: Reader) -> None:
        """Send what a reader takes, from now on."""
        self._readers.append(reader)
        self._due.set()

    def remove(self, reader: Reader) -> None:
        """Send no more of what a reader takes."""
        self._readers.remove(reader)
        self._over(reader)

    def put(self, outputs: Sequence[Output]) -> None:
        """Send frames that belong to no reader, before all others."""
        self._waiting.extend(outputs)
        if len(self._waiting) > MAX_WAITING:
            self._socket.abort()
        self._due.set()

    def wake(self) -> None:
        """Note that a reader may have more to send."""
        self._due.set()

    async def run(self) -> None:
        """Send until the socket is closed.

        Raises:
            TimeoutError: the client did not take a frame in time, and is gone.
        """
        try:
            # One for all frames: to set another time costs less than another timeout.
            async with asyncio.timeout(None) as limit:
                await self._run(limit)
        except TimeoutError:
            # To close it would wait for the client as well.
            self._socket.abort()
            raise

    async def _run(self, limit: asyncio.Timeout) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            while outputs := self._take():
                for output in outputs:
                    if isinstance(output, Close):
                        await self._socket.close(*output)
                        return
                    self.is_busy = True
                    limit.reschedule(self._clock() + self._send_seconds)
                    await self._socket.send(output)
                    limit.reschedule(None)
                    self.is_busy = False
                self._sent(len(outputs))

    def _take(self) -> Sequence[Output]:
        outputs, self._waiting = self._waiting, []
        for reader in list(self._readers):
            outputs += reader.take()
            if reader.is_over:
                self.remove(reader)
        return outputs
