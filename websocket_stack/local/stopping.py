"""What becomes of requests in mid-turn when the server stops."""

from __future__ import annotations

import asyncio
import os
import sys
import threading

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from websocket_stack.local.aws_json import ServiceError, error_response

STOPPED = ServiceError(
    503, "ServiceUnavailableException", "The local stack was stopped before it had answered"
)


class AnswerWhenStopped:
    """Answers the requests that are cancelled because the server stops.

    Args:
        app: the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def noting_send(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        except asyncio.CancelledError:
            if scope["type"] != "http" or has_begun:
                raise
            await error_response(HTTPConnection(scope), STOPPED)(scope, receive, send)


def leave_turns() -> None:
    """End the process if turns run, which Python would wait for: one may hang."""
    if any(
        each is not threading.main_thread() and not each.daemon for each in threading.enumerate()
    ):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
