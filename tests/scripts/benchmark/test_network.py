"""What the network between Lambda and services records."""

from __future__ import annotations

import asyncio

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scripts.benchmark.network import Network
from scripts.benchmark.records import Record


async def gone(request: Request) -> Response:
    await request.body()
    return Response(status_code=410)


def recorded(method: str, path: str, text: str = "") -> tuple[int, Record]:
    record = Record.empty()
    app = Network(
        Starlette(routes=[Route("/{path:path}", gone, methods=["GET", "POST"])]), record, 0.0
    )

    async def request() -> int:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://local") as client:
            response = await client.request(method, path, content=text.encode())
            return response.status_code

    return asyncio.run(request()), record


def test_post_is_a_frame_of_its_characters() -> None:
    status, record = recorded("POST", "/Prod/@connections/abc=", "größer")
    assert status == 410
    assert [frame.characters for frame in record.frames] == [6]
    assert not record.requests


def test_lookup_of_a_connection_is_no_frame() -> None:
    _, record = recorded("GET", "/Prod/@connections/abc=")
    assert not record.frames


def test_request_to_the_model_is_noted() -> None:
    _, record = recorded("POST", "/model/steady/converse-stream")
    assert len(record.requests) == 1
    assert not record.frames


def test_record_survives_json() -> None:
    _, record = recorded("POST", "/Prod/@connections/abc=", "text")
    assert Record.from_json(record.to_json()) == record
