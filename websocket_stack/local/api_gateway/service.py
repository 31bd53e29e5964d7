"""An API Gateway WebSocket API: connections, routes, limits. Knows no HTTP server and no socket.

Behaviour follows the developer guide, https://docs.aws.amazon.com/apigateway/latest/developerguide/
(apigateway-websocket-api-overview, websocket-api-quotas below), and where that is silent, what
clients have observed.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping

from websocket_stack.local.api_gateway.connections import (
    Connection,
    Socket,
    SocketClosed,
    Upgrade,
)
from websocket_stack.local.api_gateway.events import (
    Api,
    connect_event,
    disconnect_event,
    message_event,
    opaque_id,
)
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.functions.function import Function, FunctionError

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
MAX_MESSAGE_BYTES = 128 * 1024
MAX_FRAME_BYTES = 32 * 1024
IDLE_SECONDS = 10 * 60
LIFETIME_SECONDS = 2 * 60 * 60
INTEGRATION_TIMEOUT_SECONDS = 29

# As opaque_id writes it, and as those are that people have seen.
CONNECTION_ID = re.compile(r"[A-Za-z0-9+/_-]{8,}={1,2}")

CLOSE_NORMAL = 1000
CLOSE_GOING_AWAY = 1001
CLOSE_UNSUPPORTED = 1003

Integration = Function | None
"""The Lambda function behind a route; ``None`` is a mock that takes a message and is silent."""


class Refused(Exception):
    """$connect refused the caller; the upgrade is answered with this HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class WebSocketApi:
    """A WebSocket API and its connections.

    Args:
        api: the API as its events describe it.
        routes: the integration of each route key.
        now: the wall clock, in epoch seconds.
        integration_timeout_seconds: how long an integration may take.
    """

    def __init__(
        self,
        api: Api,
        routes: Mapping[str, Integration],
        now: Callable[[], float] = time.time,
        integration_timeout_seconds: float = INTEGRATION_TIMEOUT_SECONDS,
    ) -> None:
        self._api = api
        self._routes = routes
        self._now = now
        self._integration_timeout_seconds = integration_timeout_seconds
        self._connections: dict[str, Connection] = {}

    # --- the client's side

    async def connect(self, upgrade: Upgrade) -> Connection:
        """Run $connect and return the connection, not yet open.

        Raises:
            Refused: with the status that the handler returned, or 502 if it raised.
        """
        now = self._now()
        connection = Connection(opaque_id(), upgrade, now, now)
        # Known from now on, though it cannot be posted to yet.
        self._connections[connection.id] = connection
        event = connect_event(self._api, connection)
        try:
            status = _status(await self._call("$connect", event))
        except (FunctionError, TimeoutError, ValueError):
            status = 502
        if not 200 <= status < 300:
            del self._connections[connection.id]
            raise Refused(status)
        return connection

    def open(self, connection: Connection, socket: Socket) -> None:
        """Open a connection whose upgrade is answered: from now on it can be posted to."""
        connection.socket = socket

    async def receive(self, connection: Connection, text: str) -> None:
        """Route a text message by ``$request.body.action`` and call what is behind the route."""
        connection.last_active_at = self._now()
        route_key = self._route_key(text)
        if route_key is None:
            await self._send_error(connection, "Forbidden")
            return
        event = message_event(self._api, connection, self._now(), route_key, text)
        try:
            await self._call(route_key, event)
        except FunctionError:
            await self._send_error(connection, "Internal server error")
        except TimeoutError:
            await self._send_error(connection, "Endpoint request timed out")

    async def receive_binary(self, connection: Connection) -> None:
        """Close the connection: binary messages are not supported."""
        await self._close(connection, CLOSE_UNSUPPORTED, "")

    async def disconnected(self, connection: Connection, code: int, reason: str) -> None:
        """Run $disconnect, once, for a connection whose socket has closed."""
        if self._connections.pop(connection.id, None) is None:
            return
        event = disconnect_event(self._api, connection, self._now(), code, reason)
        try:
            await self._call("$disconnect", event)
        except (FunctionError, TimeoutError):
            pass  # best effort, as the real one

    async def close_overdue(self) -> None:
        """Close the connections that were idle or open for too long."""
        now = self._now()
        for connection in list(self._connections.values()):
            if (
                now - connection.last_active_at >= IDLE_SECONDS
                or now - connection.connected_at >= LIFETIME_SECONDS
            ):
                await self._close(connection, CLOSE_GOING_AWAY, "Going away")

    # --- the management API, https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html

    async def post(self, connection_id: str, data: bytes) -> None:
        """Send a message to a connection.

        Raises:
            ServiceError: 410, there is no such connection; 413, the message is too large; 429,
                the client reads too slowly.
        """
        if len(data) > MAX_MESSAGE_BYTES:
            raise ServiceError(413, "PayloadTooLargeException", "Message too long")
        connection, socket = self._find(connection_id)
        if connection.unsent_bytes + len(data) > MAX_MESSAGE_BYTES:
            raise ServiceError(429, "LimitExceededException", "Too many requests")
        connection.last_active_at = self._now()
        connection.unsent_bytes += len(data)
        try:
            # As a text frame, whatever the bytes are.
            await socket.send(data.decode(errors="replace"))
        except SocketClosed:
            raise _gone() from None
        finally:
            connection.unsent_bytes -= len(data)

    def get(self, connection_id: str) -> Connection:
        """Return a connection.

        Raises:
            ServiceError: 410, there is none.
        """
        return self._find(connection_id)[0]

    async def delete(self, connection_id: str) -> None:
        """Close a connection.

        Raises:
            ServiceError: 410, there is none.
        """
        await self._close(self._find(connection_id)[0], CLOSE_NORMAL, "Connection Closed Normally")

    def _find(self, connection_id: str) -> tuple[Connection, Socket]:
        connection = self._connections.get(connection_id)
        if connection is None and not CONNECTION_ID.fullmatch(connection_id):
            # As its clients report: https://github.com/localstack/localstack/issues/4694
            raise ServiceError(400, "BadRequestException", f"Invalid connectionId: {connection_id}")
        if connection is None or connection.socket is None:
            raise _gone()
        return connection, connection.socket

    async def _close(self, connection: Connection, code: int, reason: str) -> None:
        if connection.socket is not None:
            await connection.socket.close(code, reason)
        await self.disconnected(connection, code, reason)

    def _route_key(self, text: str) -> str | None:
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            body = None
        action = body.get("action") if isinstance(body, dict) else None
        if isinstance(action, str) and action in self._routes and not action.startswith("$"):
            return action
        return "$default" if "$default" in self._routes else None

    async def _call(self, route_key: str, event: Mapping[str, object]) -> bytes:
        """Call what is behind a route; a mock, or no route, answers 200."""
        function = self._routes.get(route_key)
        if function is None:
            return b'{"statusCode": 200}'
        call: Awaitable[bytes] = function.invoke(event)
        return await asyncio.wait_for(call, self._integration_timeout_seconds)

    async def _send_error(self, connection: Connection, message: str) -> None:
        if connection.socket is not None:
            body = {"message": message, "connectionId": connection.id, "requestId": opaque_id()}
            try:
                await connection.socket.send(json.dumps(body))
            except SocketClosed:
                pass  # no one is left to tell


def _status(response: bytes) -> int:
    returned = json.loads(response)
    status = returned.get("statusCode") if isinstance(returned, dict) else None
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError("a Lambda proxy response has a statusCode")
    return status


def _gone() -> ServiceError:
    return ServiceError(410, "GoneException")
