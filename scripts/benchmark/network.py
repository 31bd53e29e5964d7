"""What lies between the Lambda and the services: posts take time, and what arrives is recorded."""

from __future__ import annotations

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scripts.benchmark.records import Moment, Record


class Network:
    """ASGI middleware that delays each post to a connection, half on the way there.

    Args:
        app: the services.
        record: where requests to the model and frames are noted, as they reach the services.
        post_seconds: how long a post takes, there and back.
    """

    def __init__(self, app: ASGIApp, record: Record, post_seconds: float) -> None:
        self._app = app
        self._record = record
        self._post_seconds = post_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its response back."""
        path = scope.get("path", "")
        if path.startswith("/model/"):
            self._record.requests.append(Moment(time.monotonic(), 0))
        if scope.get("method") == "POST" and "@connections" in path:
            await self._post(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(self._post_seconds / 2)
        arrived_at = time.monotonic()
        body, response = bytearray(), list[Message]()

        async def read() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def hold(message: Message) -> None:
            response.append(message)

        await self._app(scope, read, hold)
        self._record.frames.append(Moment(arrived_at, len(body.decode())))
        await asyncio.sleep(self._post_seconds / 2)
        for message in response:
            await send(message)
