"""The chat server as one ASGI application: its routes, and its sockets' handshake."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from fulfillment.logs import log_failure
from websocket_stack.server.connection import Connection
from websocket_stack.server.invocations import Invocations
from websocket_stack.server.origins import is_allowed
from websocket_stack.server.protocol import RESTART, UNAUTHORIZED, UNSUPPORTED
from websocket_stack.server.services import Services
from websocket_stack.server.serving import abort_of
from websocket_stack.server.sign_in import SUBPROTOCOL
from websocket_stack.tasks.sign_in import Identity, InvalidToken

# For a client to sign in, or to say anything at all.
FIRST_MESSAGE_SECONDS = 10.0
# For a client that reads too slowly to be told.
CLOSE_SECONDS = 0.5
# A time of the loop's clock that has passed.
ALREADY = 0.0


class ChatServer:
    """The sockets of a process.

    Args:
        services: what they share.

    Attributes:
        is_ready: whether new sockets are wanted.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sockets: dict[WebSocket, Connection] = {}
        self._sockets_of: Counter[str] = Counter()
        self.is_ready = True
        telemetry, runs = services.telemetry, services.runs
        telemetry.watch("chat_sockets_open", "Sockets open now", lambda: len(self._sockets))
        telemetry.watch("chat_runs_running", "Runs going on now", lambda: runs.running)

    def app(self, further_routes: Sequence[BaseRoute] = ()) -> Starlette:
        """Return the application.

        Args:
            further_routes: such as the chat page's.
        """
        return Starlette(
            routes=[
                WebSocketRoute("/ws", self.serve),
                Route("/health", self._health),
                Route("/ready", self._ready),
                Route("/metrics", self._metrics),
                *Invocations(self._services).routes(),
                *further_routes,
            ],
            lifespan=self._lifespan,
        )

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one socket."""
        settings, telemetry = self._services.settings, self._services.telemetry
        address = websocket.client.host if websocket.client else ""
        if not is_allowed(websocket, settings.origins):
            telemetry.refused("origin", address=address)
            await websocket.close()
            return
        if not self.is_ready or len(self._sockets) >= settings.max_sockets:
            await websocket.send_denial_response(Response("busy\n", 503, {"Retry-After": "5"}))
            return
        if self._sockets_of[address] >= settings.limits.sockets:
            telemetry.refused("sockets", address=address)
            await websocket.send_denial_response(Response("too many sockets\n", 429))
            return
        self._sockets_of[address] += 1
        try:
            await self._serve(websocket, address)
        finally:
            self._sockets_of[address] -= 1
            if not self._sockets_of[address]:
                del self._sockets_of[address]

    async def drain(self) -> None:
        """Take no new sockets and runs, let those that go on finish, then close the sockets.

        They are closed spread over some time, so that they do not all come back at once.
        """
        self.is_ready = False
        settings = self._services.settings
        await self._services.runs.drain(settings.drain_seconds)
        sockets = list(self._sockets)
        for websocket in sockets:
            with suppress(RuntimeError, OSError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await websocket.close(RESTART)
            await asyncio.sleep(settings.close_jitter_seconds / len(sockets))

    async def _serve(self, websocket: WebSocket, address: str) -> None:
        identity, subprotocol = await self._identity(websocket)
        await websocket.accept(subprotocol)
        connection = Connection(
            self._services, _Socket(websocket), address, websocket.query_params, identity
        )
        self._sockets[websocket] = connection
        sending = asyncio.create_task(connection.outbox.run())
        try:
            await self._receive(websocket, connection, sending)
        except Exception as exc:
            self._failed(websocket, exc)
        finally:
            connection.closed()
            del self._sockets[websocket]
            sending.cancel()
            for result in await asyncio.gather(sending, return_exceptions=True):
                if isinstance(result, Exception):
                    self._failed(websocket, result)

    def _failed(self, websocket: WebSocket, error: Exception) -> None:
        """Log a failure, other than what the end of a socket brings about."""
        is_closed = websocket.application_state is WebSocketState.DISCONNECTED
        if not is_closed and not isinstance(error, WebSocketDisconnect | TimeoutError):
            log_failure("a socket failed", error)

    async def _receive(
        self, websocket: WebSocket, connection: Connection, sending: asyncio.Task[None]
    ) -> None:
        """Do what the client's messages ask for, as long as it can be sent anything."""
        await connection.opened()
        limit = asyncio.timeout(FIRST_MESSAGE_SECONDS)

        def end(_: asyncio.Task[None]) -> None:
            with suppress(RuntimeError):  # it is over
                limit.reschedule(ALREADY)

        try:
            async with limit:
                sending.add_done_callback(end)
                while not sending.done():
                    if connection.is_signed_in:
                        limit.reschedule(None)
                    message = await websocket.receive_text()
                    await connection.received(message)
                    # It need not have waited for anything, and others have their turn.
                    await asyncio.sleep(0)
        except KeyError:
            await websocket.close(UNSUPPORTED, "binary frames mean nothing here")
        except TimeoutError:
            if not sending.done():
                await websocket.close(UNAUTHORIZED, "sign in")
        except WebSocketDisconnect:
            pass

    async def _identity(self, websocket: WebSocket) -> tuple[Identity | None, str | None]:
        """Return who the handshake says that the client is, and the subprotocol that says so."""
        offered = websocket.scope["subprotocols"]
        if self._services.verifier is None or len(offered) != 2 or offered[0] != SUBPROTOCOL:
            return None, None
        with suppress(InvalidToken):
            # The token itself is not sent back.
            return await self._services.verifier.verify(offered[1]), SUBPROTOCOL
        return None, SUBPROTOCOL

    # --- for those who run it

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _ready(self, request: Request) -> Response:
        return JSONResponse({"ready": self.is_ready}, 200 if self.is_ready else 503)

    async def _metrics(self, request: Request) -> Response:
        return Response(
            self._services.telemetry.page(), media_type="text/plain; version=0.0.4; charset=utf-8"
        )

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        beating = asyncio.create_task(self._beat())
        yield
        beating.cancel()
        await self._services.runs.close()

    async def _beat(self) -> None:
        settings = self._services.settings
        while True:
            await asyncio.sleep(settings.heartbeat_seconds)
            for connection in list(self._sockets.values()):
                connection.beat(settings.idle_seconds)


class _Socket:
    """See :class:`websocket_stack.server.outbox.Socket`."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def send(self, frame: str) -> None:
        await self._websocket.send_text(frame)

    async def close(self, code: int, reason: str) -> None:
        await self._websocket.close(code, reason)

    def abort(self) -> None:
        abort_of(self._websocket)()
