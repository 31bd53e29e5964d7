"""``/invocations`` and ``/ping``: a reply to a plain request, and a container for AgentCore.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-http-protocol-contract.html
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Send

from websocket_stack.server.origins import is_allowed
from websocket_stack.server.protocol import Ask
from websocket_stack.server.protocol_ai_sdk import token_in
from websocket_stack.server.protocol_invocations import EventView, JsonView, question_in
from websocket_stack.server.reader import Reader
from websocket_stack.server.run import Key, ReadableRun
from websocket_stack.server.services import Refusal, Services
from websocket_stack.server.serving import MAX_MESSAGE_BYTES, abort_of
from websocket_stack.tasks.sign_in import Identity, InvalidToken

SESSION_HEADER = "x-amzn-bedrock-agentcore-runtime-session-id"
# What AgentCore takes, and too many to be guessed:
# https://docs.aws.amazon.com/bedrock-agentcore/latest/APIReference/API_InvokeAgentRuntime.html
LEAST_SESSION_CHARACTERS = 33
MAX_SESSION_CHARACTERS = 256
STATUS_OF = {"restart": 503, "busy": 503, "runs": 429, "rate": 429}


class Ping:
    """Whether the container works, and since when.

    Without the time AgentCore ends a container that is busy as if it were idle:
    https://github.com/aws/bedrock-agentcore-sdk-python/issues/471

    Args:
        running: returns how many runs go on.
        clock: seconds since the epoch.
    """

    def __init__(self, running: Callable[[], int], clock: Callable[[], float] = time.time) -> None:
        self._running = running
        self._clock = clock
        self._status = ""
        self._changed_at = 0

    def state(self) -> dict[str, str | int]:
        """Return what ``/ping`` answers."""
        status = "HealthyBusy" if self._running() else "Healthy"
        if status != self._status:
            self._status, self._changed_at = status, int(self._clock())
        return {"status": status, "time_of_last_update": self._changed_at}


class _Streamed(StreamingResponse):
    """A response whose client is let go of where it takes too long for a frame."""

    def __init__(
        self, frames: AsyncGenerator[str, None], media_type: str, seconds: float, request: Request
    ) -> None:
        super().__init__(frames, media_type=media_type)
        self._frames = frames
        self._seconds = seconds
        self._request = request

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(self._seconds):
                await send(message)

        try:
            async with aclosing(self._frames):
                await super().stream_response(send_in_time)
        except TimeoutError:
            abort_of(self._request)()
            # The server has to notice first, or it takes the response for a broken one.
            await self._request.receive()


class Invocations:
    """Answers requests with runs, as sockets are answered.

    Args:
        services: what all clients share.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._ping = Ping(lambda: services.runs.running)

    def routes(self) -> Sequence[BaseRoute]:
        """Return the two routes."""
        return [
            Route("/invocations", self._invoke, methods=["POST"]),
            Route("/ping", self._answer_ping),
        ]

    async def _answer_ping(self, request: Request) -> Response:
        return JSONResponse(self._ping.state())

    async def _invoke(self, request: Request) -> Response:
        if not is_allowed(request, self._services.settings.origins):
            return self._refused(request, 403, Refusal("origin", "Not from this page."))
        identity = await self._identity(request)
        if identity is None and self._services.verifier is not None:
            return self._refused(request, 401, Refusal("sign_in", "Please sign in first."))
        body = await _body_of(request)
        if body is None:
            return self._refused(request, 413, Refusal("unreadable", "The request is too large."))
        transcript = question_in(body)
        if transcript is None:
            return self._refused(request, 400, Refusal("unreadable", "There is no question."))
        principal = identity.owner if identity else _address_of(request)
        if refusal := self._services.refusal(principal):
            return self._refused(request, STATUS_OF[refusal.reason], refusal)
        view = (
            EventView() if "text/event-stream" in request.headers.get("accept", "") else JsonView()
        )
        owner, run_name = identity.owner if identity else "", secrets.token_urlsafe(24)
        chat = Key(owner, _session_of(request) or run_name)
        ask = Ask(
            run_name, chat.name, transcript.utterance, view, transcript.earlier, can_resume=False
        )
        run = await self._services.runs.open(Key(owner, run_name), chat, ask, principal)
        frames = self._frames(run, Reader(run.log, view))
        return _Streamed(frames, view.media_type, self._services.settings.send_seconds, request)

    async def _frames(self, run: ReadableRun, reader: Reader) -> AsyncGenerator[str, None]:
        """Yield a run's frames; it is stopped where the client goes away."""
        due = asyncio.Event()
        self._services.runs.join(run, due.set)
        try:
            while not reader.is_over:
                for frame in reader.take():
                    if isinstance(frame, str):
                        yield frame
                if not reader.is_over:
                    await due.wait()
                    due.clear()
        finally:
            self._services.runs.leave(run, due.set, can_resume=False)

    async def _identity(self, request: Request) -> Identity | None:
        token, verifier = token_in(request.headers), self._services.verifier
        if not token or verifier is None:
            return None
        try:
            return await verifier.verify(token)
        except InvalidToken as exc:
            self._services.telemetry.refused(
                "token", address=_address_of(request), problem=str(exc)
            )
            return None

    def _refused(self, request: Request, status: int, refusal: Refusal) -> Response:
        self._services.telemetry.refused(refusal.reason, address=_address_of(request))
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return JSONResponse({"status": "error", "notice": refusal.notice}, status, headers)


async def _body_of(request: Request) -> str | None:
    """Return a request's body, or ``None`` where it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_MESSAGE_BYTES:
            return None
    return body.decode("utf-8", "replace")


def _session_of(request: Request) -> str:
    """Return the name of the request's conversation, where it is one that cannot be guessed."""
    name = request.headers.get(SESSION_HEADER, "")
    return name if LEAST_SESSION_CHARACTERS <= len(name) <= MAX_SESSION_CHARACTERS else ""


def _address_of(request: Request) -> str:
    return request.client.host if request.client else ""
