"""A WebSocket API without a server: fake functions behind it, fake sockets before it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable
from typing import Any

import pytest

from tests.fakes import FakeClock
from tests.websocket_stack.local.fake_functions import FakeFunction, StuckFunction
from websocket_stack.local.api_gateway.connections import Connection, SocketClosed, Upgrade
from websocket_stack.local.api_gateway.events import Api
from websocket_stack.local.api_gateway.service import Refused, WebSocketApi
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.functions.function import FunctionError

pytestmark = pytest.mark.anyio

API = Api("local00000", "Prod", "127.0.0.1:8000")
UPGRADE = Upgrade([("host", "127.0.0.1:8000")], "sessionId=session-1", "127.0.0.1")
START = 1_000_000.0
KB = 1024
PING = '{"action": "ping"}'


class FakeSocket:
    """Keeps what was sent; takes no more while it does not read, and nothing once it has left."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.closes: list[tuple[int, str]] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.left = False

    @property
    def close_codes(self) -> list[int]:
        return [code for code, _ in self.closes]

    async def send(self, text: str) -> None:
        self.begun.put_nowait(text)
        await self.reads.wait()
        if self.left:
            raise SocketClosed
        self.sent.append(text)

    async def close(self, code: int, reason: str) -> None:
        self.closes.append((code, reason))


class Gateway:
    """An API with a function behind every route, and a clock."""

    def __init__(self, integration_timeout_seconds: float = 29, **routes: Any) -> None:
        self.clock = FakeClock(START)
        self.on_connect = routes.pop("on_connect", FakeFunction())
        self.on_disconnect = routes.pop("on_disconnect", FakeFunction())
        self.api = WebSocketApi(
            API,
            {"$connect": self.on_connect, "$disconnect": self.on_disconnect, **routes},
            self.clock,
            integration_timeout_seconds,
        )

    async def opened(self) -> tuple[Connection, FakeSocket]:
        connection, socket = await self.api.connect(UPGRADE), FakeSocket()
        self.api.open(connection, socket)
        return connection, socket

    async def after(self, seconds: float) -> None:
        """Let time pass, and the API look for what is overdue."""
        self.clock.advance(seconds)
        await self.api.close_overdue()

    @property
    def disconnects(self) -> list[tuple[str, int, str]]:
        contexts = [event["requestContext"] for event in self.on_disconnect.events]
        return [
            (each["connectionId"], each["disconnectStatusCode"], each["disconnectReason"])
            for each in contexts
        ]


async def refusal(call: Awaitable[object]) -> tuple[int, str]:
    with pytest.raises(ServiceError) as refused:
        await call
    return refused.value.status, refused.value.code


GONE = (410, "GoneException")
TOO_LARGE = (413, "PayloadTooLargeException")


# --- $connect


async def test_connect_calls_its_function() -> None:
    gateway = Gateway()
    connection = await gateway.api.connect(UPGRADE)

    [event] = gateway.on_connect.events
    assert event["requestContext"]["connectionId"] == connection.id
    assert event["requestContext"]["routeKey"] == "$connect"
    assert event["requestContext"]["connectedAt"] == START * 1000
    assert event["queryStringParameters"] == {"sessionId": "session-1"}


@pytest.mark.parametrize("status", [200, 204, 299])
async def test_any_status_of_success_lets_the_caller_in(status: int) -> None:
    connection, _ = await Gateway(on_connect=FakeFunction({"statusCode": status})).opened()

    assert connection.id


@pytest.mark.parametrize(
    ("response", "status"),
    [
        # As observed: the client gets exactly the handler's status.
        (b'{"statusCode": 301}', 301),
        (b'{"statusCode": 401, "body": "no"}', 401),
        (b'{"statusCode": 500}', 500),
        # What is no proxy response is a bad gateway, as is a handler that raises.
        (FunctionError("LookupError"), 502),
        (b"null", 502),
        (b"{}", 502),
        (b"[200]", 502),
        (b'{"statusCode": "200"}', 502),
        (b'{"statusCode": true}', 502),
        (b'{"statusCode": 99}', 502),
        (b'{"statusCode": 600}', 502),
        (b"not JSON", 502),
    ],
)
async def test_connect_refuses_with_its_functions_status(
    response: bytes | FunctionError, status: int
) -> None:
    gateway = Gateway(on_connect=FakeFunction(response))
    with pytest.raises(Refused) as refused:
        await gateway.api.connect(UPGRADE)
    assert refused.value.status == status
    # There is no connection, so it can neither be posted to nor leave.
    tried = gateway.on_connect.events[0]["requestContext"]["connectionId"]
    assert await refusal(gateway.api.post(tried, b"hello")) == GONE
    await gateway.after(100_000)
    assert gateway.disconnects == []


async def test_connect_refuses_when_its_function_is_slow() -> None:
    with pytest.raises(Refused) as refused:
        await Gateway(0.01, on_connect=StuckFunction()).api.connect(UPGRADE)
    assert refused.value.status == 502


async def test_without_a_connect_route_all_are_let_in() -> None:
    assert (await WebSocketApi(API, {}).connect(UPGRADE)).id


async def test_a_post_during_connect_finds_no_one() -> None:
    posts: list[tuple[int, str]] = []

    class Posting(FakeFunction):
        async def invoke(self, event: Any) -> bytes:
            connection_id = event["requestContext"]["connectionId"]
            posts.append(await refusal(gateway.api.post(connection_id, b"welcome")))
            return await super().invoke(event)

    gateway = Gateway(on_connect=Posting())
    connection = await gateway.api.connect(UPGRADE)
    posts.append(await refusal(gateway.api.post(connection.id, b"too early")))
    gateway.api.open(connection, socket := FakeSocket())
    await gateway.api.post(connection.id, b"hello")

    assert posts == [GONE] * 2
    assert socket.sent == ["hello"]


# --- messages


@pytest.mark.parametrize(
    ("text", "route_key"),
    [
        (PING, "ping"),
        ('{"action": "ping", "more": {"action": "other"}}', "ping"),
        (' {"x": [], "action": "p\\u0069ng"} ', "ping"),
        # Only a string at the top, and the whole of it, is a route key.
        ('{"body": {"action": "ping"}}', "$default"),
        ('{"action": ["ping"]}', "$default"),
        ('{"action": "Ping"}', "$default"),
        ('{"action": "ping "}', "$default"),
        ('{"action": null}', "$default"),
        ('{"action": "other"}', "$default"),
        ('["action", "ping"]', "$default"),
        ("", "$default"),
        ('{"action": "ping"', "$default"),
        ("[" * 100_000, "$default"),
        ('{"action": "\\ud800"}', "$default"),
        # The client does not choose the routes of API Gateway itself.
        ('{"action": "$connect"}', "$default"),
        ('{"action": "$disconnect"}', "$default"),
        ('{"action": "$default"}', "$default"),
    ],
)
async def test_a_message_goes_to_the_route_of_its_action(text: str, route_key: str) -> None:
    ping, default = FakeFunction(), FakeFunction()
    routes: dict[str, Any] = {"ping": ping, "$default": default}
    gateway = Gateway(**routes)
    connection, socket = await gateway.opened()
    await gateway.api.receive(connection, text)

    [event] = ping.events + default.events
    assert bool(ping.events) == (route_key == "ping")
    assert event["requestContext"]["routeKey"] == route_key
    assert event["requestContext"]["connectionId"] == connection.id
    assert event["body"] == text
    assert socket.sent == []
    assert len(gateway.on_connect.events) == 1
    assert gateway.disconnects == []


@pytest.mark.parametrize(
    "integration",
    [None, FakeFunction(b'{"statusCode": 500, "body": "no"}')],
    ids=["mock", "function"],
)
async def test_what_an_integration_returns_is_not_sent(integration: FakeFunction | None) -> None:
    gateway = Gateway(ping=integration)
    connection, socket = await gateway.opened()
    await gateway.api.receive(connection, PING)

    assert socket.sent == []


@pytest.mark.parametrize(
    ("integration", "text", "message"),
    [
        (None, '{"action": "other"}', "Forbidden"),
        (None, '{"action": "$connect"}', "Forbidden"),
        (FakeFunction(FunctionError("LookupError")), PING, "Internal server error"),
        (StuckFunction(), PING, "Endpoint request timed out"),
    ],
)
async def test_an_error_is_a_frame(
    integration: FakeFunction | None, text: str, message: str
) -> None:
    gateway = Gateway(0.01, ping=integration)
    connection, socket = await gateway.opened()
    await gateway.api.receive(connection, text)
    await gateway.api.post(connection.id, b"still here")

    frame = json.loads(socket.sent[0])
    assert re.fullmatch(r"[A-Za-z0-9+/]{15}=", frame.pop("requestId"))
    assert frame == {"message": message, "connectionId": connection.id}
    assert socket.sent[1:] == ["still here"]


async def test_an_error_for_a_gone_client_is_dropped() -> None:
    gateway = Gateway()
    connection, socket = await gateway.opened()
    socket.left = True
    await gateway.api.receive(connection, "no route")

    assert socket.sent == []


async def test_a_binary_message_closes_the_connection() -> None:
    routes: dict[str, Any] = {"$default": None}
    gateway = Gateway(**routes)
    connection, socket = await gateway.opened()
    await gateway.api.receive_binary(connection)

    assert socket.close_codes == [1003]
    assert [code for _, code, _ in gateway.disconnects] == [1003]
    assert await refusal(gateway.api.post(connection.id, b"hello")) == GONE


# --- $disconnect


async def test_disconnect_runs_once_with_code_and_reason() -> None:
    gateway = Gateway()
    connection, _ = await gateway.opened()
    await gateway.api.disconnected(connection, 1001, "page left")
    await gateway.api.disconnected(connection, 1006, "")

    assert gateway.disconnects == [(connection.id, 1001, "page left")]


@pytest.mark.parametrize("function", [FakeFunction(FunctionError("KeyError")), StuckFunction()])
async def test_a_failing_disconnect_does_no_harm(function: FakeFunction) -> None:
    gateway = Gateway(0.01, on_disconnect=function)
    connection, _ = await gateway.opened()
    await gateway.api.disconnected(connection, 1000, "")

    assert await refusal(gateway.api.post(connection.id, b"hello")) == GONE


# --- the management API


async def test_a_post_arrives_as_text() -> None:
    gateway = Gateway()
    connection, socket = await gateway.opened()
    _, other = await gateway.opened()
    await gateway.api.post(connection.id, "Grüß Gott 👋".encode())
    await gateway.api.post(connection.id, b"\xff")

    assert socket.sent == ["Grüß Gott 👋", "\ufffd"]
    assert other.sent == []


async def test_a_post_to_an_unknown_connection_is_gone() -> None:
    assert await refusal(Gateway().api.post("L0SM9cOFvHcCIhw=", b"hi")) == GONE


async def test_a_post_to_a_gone_client_is_gone() -> None:
    gateway = Gateway()
    connection, socket = await gateway.opened()
    socket.left = True

    assert await refusal(gateway.api.post(connection.id, b"hello")) == GONE


async def test_a_post_has_131072_bytes_at_most() -> None:
    gateway = Gateway()
    connection, socket = await gateway.opened()
    await gateway.api.post(connection.id, b"x" * 131_072)

    assert await refusal(gateway.api.post(connection.id, b"x" * 131_073)) == TOO_LARGE
    assert await refusal(gateway.api.post(connection.id, ("ü" * 65_537).encode())) == TOO_LARGE
    assert [len(text) for text in socket.sent] == [131_072]


async def test_posts_to_a_slow_client_are_refused() -> None:
    gateway = Gateway()
    connection, socket = await gateway.opened()
    socket.reads.clear()
    waiting = [
        asyncio.create_task(gateway.api.post(connection.id, b"x" * 64 * KB)) for _ in range(2)
    ]
    for _ in waiting:
        await socket.begun.get()
    assert not any(task.done() for task in waiting)
    refused = await refusal(gateway.api.post(connection.id, b"x"))
    assert refused == (429, "LimitExceededException")
    # Once it has read, there is room again.
    socket.reads.set()
    await asyncio.gather(*waiting)
    await gateway.api.post(connection.id, b"x" * 128 * KB)
    assert [len(text) for text in socket.sent] == [64 * KB, 64 * KB, 128 * KB]


async def test_a_waiting_post_is_gone_with_its_client() -> None:
    gateway = Gateway()
    connection, socket = await gateway.opened()
    socket.reads.clear()
    waiting = asyncio.create_task(gateway.api.post(connection.id, b"hello"))
    await socket.begun.get()
    socket.left = True
    socket.reads.set()

    assert await refusal(waiting) == GONE
    assert connection.unsent_bytes == 0


async def test_get_returns_the_times_of_a_connection() -> None:
    gateway = Gateway(ping=None)
    connection, _ = await gateway.opened()
    gateway.clock.advance(7)
    await gateway.api.receive(connection, PING)
    found = gateway.api.get(connection.id)

    assert (found.connected_at, found.last_active_at) == (START, START + 7)
    assert found.upgrade is UPGRADE


async def test_delete_closes_the_connection() -> None:
    gateway = Gateway()
    connection, socket = await gateway.opened()
    await gateway.api.delete(connection.id)

    assert socket.close_codes == [1000]
    assert [code for _, code, _ in gateway.disconnects] == [1000]
    assert await refusal(gateway.api.delete(connection.id)) == GONE
    with pytest.raises(ServiceError):
        gateway.api.get(connection.id)


# --- limits of time


async def test_ten_idle_minutes_close_a_connection() -> None:
    gateway = Gateway()
    connection, socket = await gateway.opened()
    await gateway.after(599.9)
    assert socket.closes == []
    await gateway.after(0.1)
    await gateway.after(0.1)

    assert socket.close_codes == [1001]
    assert gateway.disconnects == [(connection.id, 1001, "Going away")]


@pytest.mark.parametrize("direction", ["in", "out"])
async def test_a_message_either_way_keeps_a_connection_open(direction: str) -> None:
    gateway = Gateway(ping=None)
    connection, socket = await gateway.opened()
    gateway.clock.advance(599)
    if direction == "in":
        await gateway.api.receive(connection, PING)
    else:
        await gateway.api.post(connection.id, b"hello")
    await gateway.after(599)
    assert socket.closes == []
    await gateway.after(1)
    assert socket.close_codes == [1001]


async def test_a_refused_post_does_not_count_as_use() -> None:
    gateway = Gateway()
    connection, socket = await gateway.opened()
    gateway.clock.advance(599)
    await refusal(gateway.api.post(connection.id, b"x" * 131_073))
    await gateway.after(1)

    assert socket.close_codes == [1001]


async def test_two_hours_close_a_connection_however_busy() -> None:
    gateway = Gateway(ping=None)
    connection, socket = await gateway.opened()
    for _ in range(13):
        gateway.clock.advance(9 * 60)
        await gateway.api.receive(connection, PING)
    await gateway.after(7200 - 13 * 9 * 60 - 1)
    assert socket.closes == []
    await gateway.after(1)
    assert socket.close_codes == [1001]


async def test_only_overdue_connections_close() -> None:
    gateway = Gateway()
    _, old = await gateway.opened()
    gateway.clock.advance(500)
    _, young = await gateway.opened()
    await gateway.after(100)

    assert (len(old.closes), len(young.closes)) == (1, 0)
