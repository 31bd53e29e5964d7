"""A model that writes at a steady pace, in the server's process or as a provider over HTTP.

Each chunk is the moment at which it was due, by the monotonic clock that all processes of a machine
share. So a client sees in what it gets how long that took, and a server that has no time for its
model either does not hide that.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from fulfillment.models.base import Completion, StopReason
from websocket_stack.server.source import Question


async def moments(count: int, rate: float) -> AsyncGenerator[str, None]:
    """Yield moments, so many a second."""
    began = time.monotonic()
    for number in range(1, count + 1):
        due = began + number / rate
        await asyncio.sleep(due - time.monotonic())
        yield f"{due:.5f} "


class SteadySource:
    """Writes as many chunks as the question says.

    See :class:`websocket_stack.server.source.Source`.

    Args:
        rate: chunks a second.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate

    def answer(self, question: Question) -> SteadyAnswer:
        return SteadyAnswer(int(question.utterance), self._rate)


class SteadyAnswer:
    """One reply; see :class:`websocket_stack.server.source.Answer`."""

    last_text = ""

    def __init__(self, count: int, rate: float) -> None:
        self._count = count
        self._rate = rate
        self.completions: Sequence[Completion] = [
            Completion("steady", StopReason.END_TURN, 1, count)
        ]

    def chunks(self) -> AsyncGenerator[str, None]:
        # As it is in the plain server: another generator around it would be the benchmark's cost.
        return moments(self._count, self._rate)


def provider(rate: float) -> Starlette:
    """Return a server that speaks Chat Completions.

    Args:
        rate: chunks a second.
    """

    async def complete(request: Request) -> StreamingResponse:
        count = int((await request.json())["messages"][-1]["content"])
        return StreamingResponse(_events(count, rate), media_type="text/event-stream")

    return Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])])


async def _events(count: int, rate: float) -> AsyncIterator[str]:
    async for moment in moments(count, rate):
        yield _event({"index": 0, "delta": {"content": moment}, "finish_reason": None})
    yield _event({"index": 0, "delta": {}, "finish_reason": "stop"})
    yield "data: [DONE]\n\n"


def _event(choice: object) -> str:
    chunk = {
        "id": "chatcmpl-steady",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "steady",
        "system_fingerprint": None,
        "choices": [choice],
    }
    return f"data: {json.dumps(chunk)}\n\n"
