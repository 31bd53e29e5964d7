"""The server that people write today: one ``send`` per chunk."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from scripts.benchmark.chat_server.steady import moments

WAIT_SECONDS = 60.0
Chunks = Callable[[str], AsyncIterator[str]]


def application(chunks: Chunks, *, is_silent: bool = False) -> Starlette:
    """Return the server.

    Args:
        chunks: answers a question.
        is_silent: whether it sends nothing but the beginning and the end: what is left is what the
            model costs in any server.
    """

    async def serve(websocket: WebSocket) -> None:
        await websocket.accept()
        async for message in websocket.iter_text():
            question = json.loads(message)

            async def send(text: str, number: int = question["id"]) -> None:
                await websocket.send_text(json.dumps({"id": number, "text": text}))

            await send("")
            async for chunk in chunks(question["text"]):
                if not is_silent:
                    await send(chunk)
            await send("")

    return Starlette(routes=[WebSocketRoute("/ws", serve)])


def steady(rate: float) -> Chunks:
    """Return what writes in the process, so many chunks a second."""
    return lambda question: moments(int(question), rate)


def over_http(url: str) -> Chunks:
    """Return what asks a provider as its SDK has it.

    Args:
        url: the provider's address, with its version.
    """
    import openai

    # It is slow to open many connections at once, and must not give up over that.
    client = openai.AsyncOpenAI(base_url=url, api_key="unused", max_retries=0, timeout=WAIT_SECONDS)

    async def chunks(question: str) -> AsyncIterator[str]:
        stream = await client.chat.completions.create(
            model="steady", messages=[{"role": "user", "content": question}], stream=True
        )
        async for chunk in stream:
            if chunk.choices and (text := chunk.choices[0].delta.content):
                yield text

    return chunks
