"""The real-time protocol: one client's subscriptions over one socket. Knows no socket.

https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from graphql import GraphQLSyntaxError

from websocket_stack.local.appsync.authorization import Caller, Callers, NotAuthorized
from websocket_stack.local.appsync.service import GraphQlApi, Refused
from websocket_stack.local.aws_json import ServiceError

PROTOCOL = "graphql-ws"
HEADER = "header-"
TIMEOUT_MS = 300_000
# Clients report a missing one after 65 seconds.
KEEP_ALIVE_SECONDS = 60
MAX_SUBSCRIPTIONS = 100

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class Client:
    """One client's socket, for what comes in and goes out.

    Args:
        api: the API.
        callers: tells who calls it.
        header: the authorization that the client connected with.
        send: sends a frame.
        path: the API's path, which signed frames name.

    Attributes:
        is_ready: whether the client has been acknowledged.
    """

    def __init__(
        self,
        api: GraphQlApi,
        callers: Callers,
        header: Mapping[str, Any],
        send: Send,
        path: str = "/graphql",
    ) -> None:
        self._api = api
        self._callers = callers
        self._path = path
        self._header = header
        self._send = send
        self.is_ready = False
        self._ends: dict[str, Callable[[], None]] = {}

    async def receive(self, text: str) -> bool:
        """Take a frame; return whether the connection goes on."""
        frame = _json_object(text)
        kind = frame.get("type")
        if kind == "connection_init":
            return await self._init()
        if not self.is_ready:
            return True
        if kind == "start":
            await self._start(frame)
        elif kind == "stop":
            await self._stop(frame.get("id"))
        else:
            await self._unsupported()
        return True

    def leave(self) -> None:
        """End all subscriptions."""
        for end in self._ends.values():
            end()
        self._ends.clear()

    async def _init(self) -> bool:
        try:
            # What is signed is a request that is not made.
            await self._caller(self._header, f"{self._path}/connect", b"{}")
        except NotAuthorized as error:
            errors = [{"errorType": error.kind, "message": str(error), "errorCode": 401}]
            await self._send({"payload": {"errors": errors}, "type": "connection_error"})
            return False
        self.is_ready = True
        await self._send({"type": "connection_ack", "payload": {"connectionTimeoutMs": TIMEOUT_MS}})
        await self._send({"type": "ka"})
        return True

    async def _start(self, frame: Mapping[str, Any]) -> None:
        payload = frame.get("payload")
        payload = payload if isinstance(payload, dict) else {}
        request = _json_object(payload.get("data"))
        header = payload.get("extensions", {}).get("authorization")
        name = frame.get("id")
        if not isinstance(name, str) or "query" not in request or not isinstance(header, dict):
            await self._unsupported()
            return
        if problem := self._problem(name):
            await self._fail(name, [problem])
            return

        async def deliver(answer: Mapping[str, Any]) -> None:
            await self._send({"type": "data", "id": name, "payload": answer})

        try:
            signed = str(payload.get("data")).encode()
            caller = await self._caller(header, self._path, signed)
            self._ends[name] = await self._api.subscribe(
                request, caller.mode, caller.identity, deliver
            )
        except NotAuthorized as error:
            await self._fail(name, [{"errorType": error.kind, "message": str(error)}])
        except GraphQLSyntaxError as error:
            await self._fail(name, [{"message": error.message}])
        except Refused as refused:
            await self._fail(name, refused.errors)
        else:
            await self._send({"type": "start_ack", "id": name})

    async def _caller(self, header: Mapping[str, Any], path: str, body: bytes) -> Caller:
        try:
            return await self._callers.caller(header, path, body)
        except ServiceError as error:
            raise NotAuthorized(error.message) from None

    def _problem(self, name: str) -> dict[str, str] | None:
        if name in self._ends:
            message = f"Duplicated operation with id {name}"
            return {"errorType": "DuplicatedOperationError", "message": message}
        if len(self._ends) >= MAX_SUBSCRIPTIONS:
            message = f"Max number of {MAX_SUBSCRIPTIONS} subscriptions reached"
            return {"errorType": "MaxSubscriptionsReachedError", "message": message}
        return None

    async def _stop(self, name: object) -> None:
        if isinstance(name, str) and (end := self._ends.pop(name, None)):
            end()
            await self._send({"type": "complete", "id": name})

    async def _fail(self, name: str, errors: list[dict[str, Any]]) -> None:
        await self._send({"type": "error", "id": name, "payload": {"errors": errors}})

    async def _unsupported(self) -> None:
        message = "unknown not supported through the realtime channel"
        await self._fail("", [{"errorType": "UnsupportedOperation", "message": message}])


def header_of(
    query: Mapping[str, str], protocols: list[str], headers: Mapping[str, str]
) -> Mapping[str, Any]:
    """Return the authorization of an upgrade, from whichever of its three places it is in.

    Args:
        query: the parameters of its address.
        protocols: the subprotocols that it offers.
        headers: its headers.
    """
    if "header" in query:
        # Some clients do not escape a plus sign, which then reads as a space.
        return _decoded(query["header"].replace(" ", "+"))
    for protocol in protocols:
        if protocol.startswith(HEADER):
            return _decoded(protocol.removeprefix(HEADER))
    return headers


def _decoded(text: str) -> dict[str, Any]:
    padded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
    try:
        return _json_object(base64.b64decode(padded).decode())
    except (binascii.Error, UnicodeDecodeError):
        return {}


def _json_object(text: object) -> dict[str, Any]:
    if not isinstance(text, str):
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
