"""What becomes of requests in mid-turn; tests/websocket_stack/local/test_main.py stops a server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from websocket_stack.local.stopping import AnswerWhenStopped


def cancelled(app: ASGIApp, scope_type: str = "http") -> list[Any]:
    """Return what an application sends that is cancelled while it waits."""
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    async def call() -> None:
        scope = {"type": scope_type, "headers": []}
        request = asyncio.ensure_future(AnswerWhenStopped(app)(scope, receive, send))
        await asyncio.sleep(0)
        request.cancel()
        await request

    try:
        asyncio.run(call())
    except asyncio.CancelledError:
        sent.append("cancelled")
    return sent


async def waits(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()


async def waits_in_its_body(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await receive()


def test_a_request_that_waits_is_answered() -> None:
    start, body = cancelled(waits)
    assert start["status"] == 503
    assert (b"x-amzn-errortype", b"ServiceUnavailableException") in start["headers"]
    assert "was stopped" in json.loads(body["body"])["message"]


@pytest.mark.parametrize(("app", "type"), [(waits_in_its_body, "http"), (waits, "websocket")])
def test_what_has_begun_just_ends(app: ASGIApp, type: str) -> None:
    *_, last = cancelled(app, type)
    assert last == "cancelled"
