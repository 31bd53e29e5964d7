"""A GraphQL API over HTTP and sockets: ``/graphql`` and ``/graphql/realtime``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from graphql import GraphQLSyntaxError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from websocket_stack.local.appsync.authorization import Callers, NotAuthorized
from websocket_stack.local.appsync.realtime import (
    KEEP_ALIVE_SECONDS,
    PROTOCOL,
    Client,
    header_of,
)
from websocket_stack.local.appsync.service import GraphQlApi
from websocket_stack.local.aws_json import ServiceError, json_response

PATH = "/graphql"


def routes(api: GraphQlApi, callers: Callers) -> list[BaseRoute]:
    """Return the routes of the API.

    Args:
        api: the API.
        callers: tells who calls it.
    """
    endpoints = _Endpoints(api, callers)
    return [
        Route(PATH, endpoints.post, methods=["POST"]),
        # The first is the path on a real-time host, the second that on a domain of one's own.
        WebSocketRoute(PATH, endpoints.connect),
        WebSocketRoute(f"{PATH}/realtime", endpoints.connect),
    ]


class _Endpoints:
    def __init__(self, api: GraphQlApi, callers: Callers) -> None:
        self._api = api
        self._callers = callers

    async def post(self, request: Request) -> Response:
        """Run a query or a mutation."""
        body = await request.body()
        try:
            caller = await self._callers.caller(request.headers, PATH, body)
            answer = await self._api.query(_request(body), caller.mode, caller.identity)
        except NotAuthorized as error:
            return _errors(401, error.kind, str(error))
        except ServiceError as error:
            return _errors(error.status, error.code, error.message)
        except GraphQLSyntaxError:
            return _malformed("Unable to parse GraphQL query.")
        except ValueError as error:
            return _malformed(str(error))
        return json_response(answer)

    async def connect(self, websocket: WebSocket) -> None:
        """Serve a client of the real-time protocol."""
        protocols = websocket.scope.get("subprotocols") or []
        if PROTOCOL not in protocols:
            await websocket.send_denial_response(Response(status_code=400))
            return
        header = header_of(websocket.query_params, protocols, websocket.headers)
        await websocket.accept(PROTOCOL)
        sending = asyncio.Lock()

        async def send(frame: Mapping[str, Any]) -> None:
            # One that has left is noticed where frames are read.
            with suppress(WebSocketDisconnect, RuntimeError):
                async with sending:
                    await websocket.send_text(json.dumps(frame, ensure_ascii=False))

        client = Client(self._api, self._callers, header, send, PATH)
        keeping = asyncio.create_task(_keep_alive(client, send))
        try:
            while await client.receive(await websocket.receive_text()):
                pass
            await websocket.close(1000)
        except (WebSocketDisconnect, KeyError):
            pass
        finally:
            keeping.cancel()
            client.leave()


async def _keep_alive(client: Client, send: Any) -> None:
    while True:
        await asyncio.sleep(KEEP_ALIVE_SECONDS)
        if client.is_ready:
            await send({"type": "ka"})


def _request(body: bytes) -> Mapping[str, Any]:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("Invalid JSON payload in GraphQLAuth POST request.") from None
    if not isinstance(request, dict) or request.get("query") is None:
        raise ValueError("Invalid request, `query` can't be null.")
    if not str(request["query"]).strip():
        raise ValueError("Invalid request, `query` can't be empty.")
    return request


def _malformed(message: str) -> Response:
    return _errors(400, "MalformedHttpRequestException", message)


def _errors(status: int, kind: str, message: str) -> Response:
    body = {"errors": [{"errorType": kind, "message": message}]}
    return json_response(body, status, {"x-amzn-ErrorType": kind})
