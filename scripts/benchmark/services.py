"""The local stack with a model of a set pace and posts of a set latency, in its own process.

Run as ``python services.py TOKENS TOKENS_PER_SECOND POST_SECONDS``; prints its address.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from fulfillment.models.base import Completion, Prompt
from websocket_stack.local import stack
from websocket_stack.local.__main__ import listen, server
from websocket_stack.local.bedrock import routes as runtime_http

# What a small hosted model takes until its first word.
FIRST_TOKEN_SECONDS = 0.3
WORDS = ["stream", "ing", " is", " a", " matter", " of", " when", ",", " not", " if", ".", " And"]


class SteadyModel:
    """Writes so many tokens at a steady pace, and notes when it wrote each."""

    def __init__(self, tokens: int, tokens_per_second: float) -> None:
        self._tokens = tokens
        self._tokens_per_second = tokens_per_second
        self.written: list[tuple[float, int]] = []

    def ask(self, prompt: Prompt) -> SteadyAnswer:
        self.written = []
        return SteadyAnswer(self._tokens, self._tokens_per_second, self.written)


class SteadyAnswer:
    """One reply; ``written`` gets the moment and length of each token."""

    def __init__(
        self, tokens: int, tokens_per_second: float, written: list[tuple[float, int]]
    ) -> None:
        self._tokens = tokens
        self._tokens_per_second = tokens_per_second
        self._written = written
        self.completion: Completion | None = None

    def __iter__(self) -> Iterator[str]:
        started = time.monotonic()
        for index in range(self._tokens):
            due = started + FIRST_TOKEN_SECONDS + index / self._tokens_per_second
            time.sleep(max(0.0, due - time.monotonic()))
            token = WORDS[index % len(WORDS)]
            self._written.append((time.monotonic(), len(token)))
            yield token
        self.completion = Completion("steady", "end_turn", 0, self._tokens)

    def close(self) -> None:
        """Nothing to stop: a reply is short."""


class SlowPosts:
    """Lets each post to a connection take as long as it would on the network."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not (scope["type"] == "http" and "@connections" in scope["path"]):
            await self._app(scope, receive, send)
            return
        await asyncio.sleep(self._seconds / 2)
        held: list[object] = []

        async def hold(message: object) -> None:
            held.append(message)

        await self._app(scope, receive, hold)  # type: ignore[arg-type]
        await asyncio.sleep(self._seconds / 2)
        for message in held:
            await send(message)  # type: ignore[arg-type]


def main(tokens: int, tokens_per_second: float, post_seconds: float) -> None:
    """Serve until ended."""
    listener = listen("127.0.0.1", 0)
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    model = SteadyModel(tokens, tokens_per_second)

    def written(request: Request) -> JSONResponse:
        return JSONResponse(model.written)

    routes = [Route("/written", written), *runtime_http.routes(model)]
    built = stack.build(origin, routes, model_name="steady")
    built.app.add_middleware(SlowPosts, seconds=post_seconds)
    print(origin, flush=True)
    server(built).run(sockets=[listener])


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
