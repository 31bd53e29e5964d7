"""A WebSocket API over sockets and HTTP: ``/{stage}`` and ``/{stage}/@connections/{id}``."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from websocket_stack.local.api_gateway.authorization import Authorization
from websocket_stack.local.api_gateway.connections import Connection, SocketClosed, Upgrade
from websocket_stack.local.api_gateway.service import Refused, WebSocketApi
from websocket_stack.local.aws_json import ServiceError, error_response, json_response

# The codes of a client that closes without one, and of one that is cut off.
NO_STATUS = 1005
ABNORMAL = 1006


def routes(api: WebSocketApi, stage: str, authorization: Authorization) -> list[BaseRoute]:
    """Return the routes of the API and of its management API.

    Args:
        api: the API.
        stage: its stage, which is the first part of their paths.
        authorization: decides who may connect and who may call the management API.
    """

    endpoints = _Endpoints(api, authorization)
    return [
        WebSocketRoute(f"/{stage}", endpoints.connect),
        WebSocketRoute(f"/{stage}/", endpoints.connect),
        Route(
            f"/{stage}/@connections/{{connection_id:path}}",
            endpoints.manage,
            methods=["GET", "POST", "DELETE"],
        ),
    ]


def other_stages() -> list[BaseRoute]:
    """Return the routes of the management API outside of every stage; they come after the others.

    A wrong stage in an endpoint is forbidden, as callers report:
    https://github.com/aws/aws-sdk-js-v3/issues/1830
    """
    path = "@connections/{connection_id:path}"
    methods = ["GET", "POST", "DELETE"]
    return [Route(f"{at}/{path}", _forbidden, methods=methods) for at in ("", "/{stage}")]


async def _forbidden(request: Request) -> Response:
    raise ServiceError(403, "ForbiddenException", "Forbidden")


class _Endpoints:
    def __init__(self, api: WebSocketApi, authorization: Authorization) -> None:
        self._api = api
        self._authorization = authorization

    async def connect(self, websocket: WebSocket) -> None:
        """Serve a client from its upgrade to its close."""
        try:
            identity = self._authorization.connecting_identity(websocket)
            connection = await self._api.connect(_upgrade(websocket, identity))
        except ServiceError as error:
            await websocket.send_denial_response(error_response(websocket, error))
            return
        except Refused as refused:
            await websocket.send_denial_response(Response(status_code=refused.status))
            return
        try:
            await websocket.accept()
        except OSError:
            # The client left while $connect ran.
            await self._api.disconnected(connection, ABNORMAL, "")
            return
        self._api.open(connection, _Socket(websocket))
        await self._receive(connection, websocket)

    async def _receive(self, connection: Connection, websocket: WebSocket) -> None:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                reason = message.get("reason") or ""
                await self._api.disconnected(connection, _close_code(message), reason)
                return
            if message.get("text") is not None:
                await self._api.receive(connection, message["text"])
            else:
                await self._api.receive_binary(connection)

    async def manage(self, request: Request) -> Response:
        """Serve a call of the management API."""
        await self._authorization.check_management(request)
        connection_id = request.path_params["connection_id"]
        if request.method == "POST":
            await self._api.post(connection_id, await request.body())
            return Response(status_code=200)
        if request.method == "DELETE":
            await self._api.delete(connection_id)
            return Response(status_code=204)
        connection = self._api.get(connection_id)
        return json_response(
            {
                "connectedAt": _iso(connection.connected_at),
                "lastActiveAt": _iso(connection.last_active_at),
                "identity": {
                    "sourceIp": connection.upgrade.source_ip,
                    "userAgent": connection.upgrade.header("user-agent"),
                },
            }
        )


class _Socket:
    """The client's end, on Starlette."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def send(self, text: str) -> None:
        if self._websocket.application_state is not WebSocketState.CONNECTED:
            raise SocketClosed
        try:
            await self._websocket.send_text(text)
        except WebSocketDisconnect:
            raise SocketClosed from None

    async def close(self, code: int, reason: str) -> None:
        if self._websocket.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect):
                await self._websocket.close(code, reason)


def _upgrade(websocket: WebSocket, identity: Mapping[str, str]) -> Upgrade:
    return Upgrade(
        headers=[(name, value) for name, value in websocket.headers.items()],
        query=websocket.url.query,
        source_ip=websocket.client.host if websocket.client else "",
        identity=identity,
    )


def _close_code(message: Mapping[str, Any]) -> int:
    code = int(message.get("code") or NO_STATUS)
    # uvicorn says 1005 of a lost connection too, but gives a reason, if empty, with a close only.
    return ABNORMAL if code == NO_STATUS and "reason" not in message else code


def _iso(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="milliseconds")
