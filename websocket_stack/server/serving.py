"""The HTTP server: limits on its sockets, and a shutdown that tells clients."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

if TYPE_CHECKING:
    # To a type checker, the one that is there is no class.
    from uvicorn.protocols.http.h11_impl import H11Protocol as HttpProtocol
else:
    from uvicorn.protocols.http.auto import AutoHTTPProtocol as HttpProtocol

# More than a long question takes.
MAX_MESSAGE_BYTES = 64 * 1024
# What the kernel holds for a client that does not read. By default that is up to 4 MB.
SEND_BUFFER_BYTES = 64 * 1024
# After which the kernel gives up a client that acknowledges nothing; no WebSocket ping finds one
# that has closed its window.
USER_TIMEOUT_SECONDS = 10
PING_SECONDS = 20.0
# For sockets to close, once they were told.
CLOSE_SECONDS = 5


class StrictProtocol(HttpProtocol):
    """A connection that costs little while its client does not read, a WebSocket's included."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is none by its class.
        transport = cast(asyncio.Transport, transport)
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}
        transport.set_write_buffer_limits(high=SEND_BUFFER_BYTES)
        raw = transport.get_extra_info("socket")
        if raw is None or raw.family not in (socket.AF_INET, socket.AF_INET6):
            return
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            milliseconds = USER_TIMEOUT_SECONDS * 1000
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


class Server(uvicorn.Server):
    """uvicorn's server, which at the first signal lets ``drain`` finish before it shuts down.

    Args:
        config: as uvicorn takes it.
        drain: refuses what is new, waits for what goes on, and closes the sockets.

    Attributes:
        loop: the event loop, once it serves.
    """

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self.loop: asyncio.AbstractEventLoop
        self._drain = drain
        self._draining: asyncio.Task[None] | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._draining is not None:
            super().handle_exit(sig, frame)
            return
        # In a signal handler nothing may be done but to wake the loop.
        self.loop.call_soon_threadsafe(self._begin_drain)

    def _begin_drain(self) -> None:
        if self._draining is None:
            self._draining = self.loop.create_task(self._drain_and_exit())

    async def _drain_and_exit(self) -> None:
        try:
            await self._drain()
        finally:
            self.should_exit = True


def abort_of(connection: HTTPConnection) -> Callable[[], None]:
    """Return what closes a connection at once, and drops everything that was not read.

    Another server than this one has to know itself what is stuck.
    """
    abort: Callable[[], None] = connection.scope.get("state", {}).get("abort", _nothing)
    return abort


def _nothing() -> None:
    pass


def server(
    app: ASGIApp, drain: Callable[[], Awaitable[None]], *, proxies: str = "127.0.0.1"
) -> Server:
    """Return the server of an application.

    Args:
        app: the application.
        drain: see :class:`Server`.
        proxies: addresses whose ``X-Forwarded-For`` is trusted, or ``*``.
    """
    logging.getLogger("uvicorn.error").addFilter(_is_no_refusal)
    protocol: Any = StrictProtocol
    return Server(
        uvicorn.Config(
            app,
            http=protocol,
            ws="websockets-sansio",
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PING_SECONDS,
            # It would hold addresses with all that is in their query.
            access_log=False,
            log_level="warning",
            forwarded_allow_ips=proxies,
            server_header=False,
            timeout_graceful_shutdown=CLOSE_SECONDS,
        ),
        drain,
    )


def _is_no_refusal(record: logging.LogRecord) -> bool:
    """Leave out the error that uvicorn logs for an upgrade that was refused with a status."""
    return "without completing handshake" not in record.getMessage()
