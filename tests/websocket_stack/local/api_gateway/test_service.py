"""A WebSocket API without a server: fake functions behind it, fake sockets before it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fakes import FakeClock
from websocket_stack.local.api_gateway.events import Api, Upgrade
from websocket_stack.local.api_gateway.service import (
    Connection,
    Refused,
    SocketClosed,
    WebSocketApi,
)
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.functions.function import FunctionError

API = Api("local00000", "Prod", "127.0.0.1:8000")
UPGRADE = Upgrade([("host", "127.0.0.1:8000")], "sessionId=session-1", "127.0.0.1")
START = 1_000_000.0
KB = 1024


class FakeFunction:
    """Keeps its events and answers each as told."""

    def __init__(self, answer: bytes | Exception = b'{"statusCode": 200}') -> None:
        self._answer = answer
        self.events: list[dict[str, Any]] = []

    async def invoke(self, event: dict[str, Any]) -> bytes:
        self.events.append(event)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class StuckFunction(FakeFunction):
    """Never returns."""

    async def invoke(self, event: dict[str, Any]) -> bytes:
        self.events.append(event)
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


class FakeSocket:
    """Keeps what was sent; takes no more than it is let, and nothing once the browser has left."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.closes: list[tuple[int, str]] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.left = False

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


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))  # type: ignore[arg-type]


# --- $connect


def test_a_connection_id_has_sixteen_characters_and_ends_in_an_equals_sign() -> None:
    async def test() -> None:
        ids = {(await Gateway().api.connect(UPGRADE)).id for _ in range(20)}
        assert len(ids) == 20
        assert all(re.fullmatch(r"[A-Za-z0-9+/]{15}=", each) for each in ids)

    run(test)


def test_connect_calls_its_function_with_the_connection_and_the_query() -> None:
    async def test() -> None:
        gateway = Gateway()
        connection = await gateway.api.connect(UPGRADE)
        [event] = gateway.on_connect.events
        assert event["requestContext"]["connectionId"] == connection.id
        assert event["requestContext"]["routeKey"] == "$connect"
        assert event["requestContext"]["connectedAt"] == START * 1000
        assert event["queryStringParameters"] == {"sessionId": "session-1"}

    run(test)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_status_of_success_lets_the_caller_in(status) -> None:
    async def test() -> None:
        answer = json.dumps({"statusCode": status}).encode()
        connection, _ = await Gateway(on_connect=FakeFunction(answer)).opened()
        assert connection.id

    run(test)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        # As seen: the client gets exactly the handler's status.
        (b'{"statusCode": 301}', 301),
        (b'{"statusCode": 401, "body": "no"}', 401),
        (b'{"statusCode": 403}', 403),
        (b'{"statusCode": 500}', 500),
        (b'{"statusCode": 501}', 501),
        # What is no proxy response is a bad gateway, as is a handler that raises.
        (FunctionError("LookupError"), 502),
        (b"null", 502),
        (b"{}", 502),
        (b"[200]", 502),
        (b'"200"', 502),
        (b'{"statusCode": null}', 502),
        (b'{"statusCode": true}', 502),
        (b'{"statusCode": 99}', 502),
        (b'{"statusCode": 600}', 502),
        (b"not JSON", 502),
    ],
)
def test_connect_refuses_with_the_status_of_its_function(answer, status) -> None:
    async def test() -> None:
        gateway = Gateway(on_connect=FakeFunction(answer))
        with pytest.raises(Refused) as refused:
            await gateway.api.connect(UPGRADE)
        assert refused.value.status == status
        # Nobody was let in, so nobody can be posted to and nobody leaves.
        tried = gateway.on_connect.events[0]["requestContext"]["connectionId"]
        assert await refusal(gateway.api.post(tried, b"hello")) == (410, "GoneException")
        gateway.clock.advance(100_000)
        await gateway.api.close_overdue()
        assert gateway.disconnects == []

    run(test)


def test_connect_refuses_when_its_function_takes_too_long() -> None:
    async def test() -> None:
        gateway = Gateway(0.01, on_connect=StuckFunction())
        with pytest.raises(Refused) as refused:
            await gateway.api.connect(UPGRADE)
        assert refused.value.status == 502

    run(test)


def test_an_api_without_a_connect_route_lets_everybody_in() -> None:
    async def test() -> None:
        api = WebSocketApi(API, {})
        assert (await api.connect(UPGRADE)).id

    run(test)


def test_a_post_during_connect_finds_nobody() -> None:
    async def test() -> None:
        posts: list[tuple[int, str]] = []

        class Posting(FakeFunction):
            async def invoke(self, event: dict[str, Any]) -> bytes:
                connection_id = event["requestContext"]["connectionId"]
                posts.append(await refusal(gateway.api.post(connection_id, b"welcome")))
                return await super().invoke(event)

        gateway = Gateway(on_connect=Posting())
        connection = await gateway.api.connect(UPGRADE)
        posts.append(await refusal(gateway.api.post(connection.id, b"too early")))
        gateway.api.open(connection, socket := FakeSocket())
        await gateway.api.post(connection.id, b"hello")

        assert posts == [(410, "GoneException")] * 2
        assert socket.sent == ["hello"]

    run(test)


# --- messages


@pytest.mark.parametrize(
    ("text", "route_key"),
    [
        ('{"action": "ping"}', "ping"),
        ('{"action": "ping", "more": {"action": "other"}}', "ping"),
        (' {"x": [], "action": "p\\u0069ng"} ', "ping"),
        # Only a string at the top, and the whole of it, is a route key.
        ('{"body": {"action": "ping"}}', "$default"),
        ('{"action": {"action": "ping"}}', "$default"),
        ('{"action": ["ping"]}', "$default"),
        ('{"action": "Ping"}', "$default"),
        ('{"action": "ping "}', "$default"),
        ('{"action": null}', "$default"),
        ('{"action": 1}', "$default"),
        ('{"action": "other"}', "$default"),
        ("{}", "$default"),
        ('["action", "ping"]', "$default"),
        ('"ping"', "$default"),
        ("null", "$default"),
        ("", "$default"),
        ("ping", "$default"),
        ('{"action": "ping"', "$default"),
        ("[" * 100_000, "$default"),
        ('{"action": "\\ud800"}', "$default"),
        # The client does not choose the routes of API Gateway itself.
        ('{"action": "$connect"}', "$default"),
        ('{"action": "$disconnect"}', "$default"),
        ('{"action": "$default"}', "$default"),
    ],
)
def test_a_message_goes_to_the_route_of_its_action(text, route_key) -> None:
    async def test() -> None:
        ping, default = FakeFunction(), FakeFunction()
        gateway = Gateway(ping=ping, **{"$default": default})
        connection, socket = await gateway.opened()
        await gateway.api.receive(connection, text)

        [event] = ping.events + default.events
        assert bool(ping.events) == (route_key == "ping")
        assert event["requestContext"]["routeKey"] == route_key
        assert event["requestContext"]["connectionId"] == connection.id
        assert event["body"] == text
        # One-way: what a function returns is not sent.
        assert socket.sent == []
        assert len(gateway.on_connect.events) == 1
        assert gateway.disconnects == []

    run(test)


def test_a_mock_takes_a_message_and_is_silent() -> None:
    async def test() -> None:
        gateway = Gateway(ping=None, **{"$default": None})
        connection, socket = await gateway.opened()
        for text in ('{"action": "ping"}', "anything"):
            await gateway.api.receive(connection, text)
        assert socket.sent == []

    run(test)


@pytest.mark.parametrize("text", ['{"action": "other"}', '{"action": "$connect"}', "no JSON"])
def test_a_message_without_a_route_is_forbidden(text) -> None:
    async def test() -> None:
        gateway = Gateway(ping=None)
        connection, socket = await gateway.opened()
        await gateway.api.receive(connection, text)
        assert_is_error(socket, connection, "Forbidden")

    run(test)


def test_a_function_that_raises_is_an_internal_server_error_and_the_connection_stays() -> None:
    async def test() -> None:
        gateway = Gateway(ping=FakeFunction(FunctionError("LookupError")))
        connection, socket = await gateway.opened()
        await gateway.api.receive(connection, '{"action": "ping"}')
        assert_is_error(socket, connection, "Internal server error")
        await gateway.api.post(connection.id, b"still here")
        assert socket.sent[1:] == ["still here"]

    run(test)


def test_a_function_that_takes_too_long_is_a_timeout_and_the_connection_stays() -> None:
    async def test() -> None:
        gateway = Gateway(0.01, ping=StuckFunction())
        connection, socket = await gateway.opened()
        await gateway.api.receive(connection, '{"action": "ping"}')
        assert_is_error(socket, connection, "Endpoint request timed out")
        assert gateway.disconnects == []

    run(test)


def assert_is_error(socket: FakeSocket, connection: Connection, message: str) -> None:
    frame = json.loads(socket.sent[0])
    assert re.fullmatch(r"[A-Za-z0-9+/]{15}=", frame.pop("requestId"))
    assert frame == {"message": message, "connectionId": connection.id}


def test_a_status_that_a_function_returns_for_a_message_is_not_sent() -> None:
    async def test() -> None:
        gateway = Gateway(ping=FakeFunction(b'{"statusCode": 500, "body": "no"}'))
        connection, socket = await gateway.opened()
        await gateway.api.receive(connection, '{"action": "ping"}')
        assert socket.sent == []

    run(test)


def test_an_error_for_a_browser_that_has_left_is_dropped() -> None:
    async def test() -> None:
        gateway = Gateway()
        connection, socket = await gateway.opened()
        socket.left = True
        await gateway.api.receive(connection, "no route")
        assert socket.sent == []

    run(test)


def test_a_binary_message_closes_the_connection() -> None:
    async def test() -> None:
        gateway = Gateway(**{"$default": None})
        connection, socket = await gateway.opened()
        await gateway.api.receive_binary(connection)
        assert [code for code, _ in socket.closes] == [1003]
        assert [code for _, code, _ in gateway.disconnects] == [1003]
        assert await refusal(gateway.api.post(connection.id, b"hello")) == (410, "GoneException")

    run(test)


# --- $disconnect


def test_disconnect_runs_once_with_code_and_reason() -> None:
    async def test() -> None:
        gateway = Gateway()
        connection, _ = await gateway.opened()
        await gateway.api.disconnected(connection, 1001, "page left")
        await gateway.api.disconnected(connection, 1006, "")
        assert gateway.disconnects == [(connection.id, 1001, "page left")]

    run(test)


@pytest.mark.parametrize("function", [FakeFunction(FunctionError("KeyError")), StuckFunction()])
def test_a_disconnect_function_that_fails_does_no_harm(function) -> None:
    async def test() -> None:
        gateway = Gateway(0.01, on_disconnect=function)
        connection, _ = await gateway.opened()
        await gateway.api.disconnected(connection, 1000, "")
        assert await refusal(gateway.api.post(connection.id, b"hello")) == (410, "GoneException")

    run(test)


# --- the management API


def test_a_post_arrives_as_text() -> None:
    async def test() -> None:
        gateway = Gateway()
        connection, socket = await gateway.opened()
        other, silent = await gateway.opened()
        await gateway.api.post(connection.id, "Grüß Gott 👋".encode())
        await gateway.api.post(connection.id, b"\xff")
        assert socket.sent == ["Grüß Gott 👋", "\ufffd"]
        assert silent.sent == []

    run(test)


def test_a_post_to_an_unknown_connection_is_gone() -> None:
    async def test() -> None:
        assert await refusal(Gateway().api.post("unknown=", b"hi")) == (410, "GoneException")

    run(test)


def test_a_post_to_a_closed_connection_is_gone() -> None:
    async def test() -> None:
        gateway = Gateway()
        connection, socket = await gateway.opened()
        await gateway.api.disconnected(connection, 1000, "")
        assert await refusal(gateway.api.post(connection.id, b"hello")) == (410, "GoneException")
        assert socket.sent == []

    run(test)


def test_a_post_to_a_browser_that_has_just_left_is_gone() -> None:
    async def test() -> None:
        gateway = Gateway()
        connection, socket = await gateway.opened()
        socket.left = True
        assert await refusal(gateway.api.post(connection.id, b"hello")) == (410, "GoneException")

    run(test)


def test_a_post_takes_131072_bytes_and_not_one_more() -> None:
    async def test() -> None:
        gateway = Gateway()
        connection, socket = await gateway.opened()
        await gateway.api.post(connection.id, b"x" * 131_072)
        too_long = gateway.api.post(connection.id, b"x" * 131_073)
        assert await refusal(too_long) == (413, "PayloadTooLargeException")
        assert [len(text) for text in socket.sent] == [131_072]

    run(test)


def test_the_size_of_a_post_is_counted_in_bytes() -> None:
    async def test() -> None:
        gateway = Gateway()
        connection, _ = await gateway.opened()
        too_long = gateway.api.post(connection.id, ("ü" * 65_537).encode())
        assert await refusal(too_long) == (413, "PayloadTooLargeException")

    run(test)


def test_posts_that_a_slow_browser_leaves_unread_are_refused() -> None:
    async def test() -> None:
        gateway = Gateway()
        connection, socket = await gateway.opened()
        socket.reads.clear()
        waiting = [
            asyncio.create_task(gateway.api.post(connection.id, b"x" * 64 * KB)) for _ in range(2)
        ]
        for _ in waiting:
            await socket.begun.get()
        assert not any(task.done() for task in waiting)
        assert await refusal(gateway.api.post(connection.id, b"x")) == (
            429,
            "LimitExceededException",
        )
        # Once it has read, there is room again.
        socket.reads.set()
        await asyncio.gather(*waiting)
        await gateway.api.post(connection.id, b"x" * 128 * KB)
        assert [len(text) for text in socket.sent] == [64 * KB, 64 * KB, 128 * KB]

    run(test)


def test_a_post_that_waits_is_gone_when_the_browser_leaves() -> None:
    async def test() -> None:
        gateway = Gateway()
        connection, socket = await gateway.opened()
        socket.reads.clear()
        waiting = asyncio.create_task(gateway.api.post(connection.id, b"hello"))
        await socket.begun.get()
        socket.left = True
        socket.reads.set()
        assert await refusal(waiting) == (410, "GoneException")
        assert connection.unsent_bytes == 0

    run(test)


def test_get_tells_when_a_connection_was_made_and_last_used() -> None:
    async def test() -> None:
        gateway = Gateway(ping=None)
        connection, _ = await gateway.opened()
        gateway.clock.advance(7)
        await gateway.api.receive(connection, '{"action": "ping"}')
        found = gateway.api.get(connection.id)
        assert (found.connected_at, found.last_active_at) == (START, START + 7)
        assert found.upgrade is UPGRADE

    run(test)


def test_delete_closes_the_connection() -> None:
    async def test() -> None:
        gateway = Gateway()
        connection, socket = await gateway.opened()
        await gateway.api.delete(connection.id)
        assert [code for code, _ in socket.closes] == [1000]
        assert [code for _, code, _ in gateway.disconnects] == [1000]
        assert await refusal(gateway.api.delete(connection.id)) == (410, "GoneException")
        with pytest.raises(ServiceError):
            gateway.api.get(connection.id)

    run(test)


# --- limits of time


def test_ten_idle_minutes_close_a_connection() -> None:
    async def test() -> None:
        gateway = Gateway()
        connection, socket = await gateway.opened()
        gateway.clock.advance(599.9)
        await gateway.api.close_overdue()
        assert socket.closes == []
        gateway.clock.advance(0.1)
        await gateway.api.close_overdue()
        assert [code for code, _ in socket.closes] == [1001]
        assert gateway.disconnects == [(connection.id, 1001, "Going away")]
        await gateway.api.close_overdue()
        assert len(socket.closes) == 1

    run(test)


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_message_either_way_keeps_a_connection_open(direction) -> None:
    async def test() -> None:
        gateway = Gateway(ping=None)
        connection, socket = await gateway.opened()
        gateway.clock.advance(599)
        if direction == "in":
            await gateway.api.receive(connection, '{"action": "ping"}')
        else:
            await gateway.api.post(connection.id, b"hello")
        gateway.clock.advance(599)
        await gateway.api.close_overdue()
        assert socket.closes == []
        gateway.clock.advance(1)
        await gateway.api.close_overdue()
        assert [code for code, _ in socket.closes] == [1001]

    run(test)


def test_a_post_that_is_refused_does_not_keep_a_connection_open() -> None:
    async def test() -> None:
        gateway = Gateway()
        connection, socket = await gateway.opened()
        gateway.clock.advance(599)
        await refusal(gateway.api.post(connection.id, b"x" * 131_073))
        gateway.clock.advance(1)
        await gateway.api.close_overdue()
        assert [code for code, _ in socket.closes] == [1001]

    run(test)


def test_two_hours_close_a_connection_however_busy() -> None:
    async def test() -> None:
        gateway = Gateway(ping=None)
        connection, socket = await gateway.opened()
        for _ in range(13):
            gateway.clock.advance(9 * 60)
            await gateway.api.receive(connection, '{"action": "ping"}')
        gateway.clock.advance(7200 - 13 * 9 * 60 - 1)
        await gateway.api.close_overdue()
        assert socket.closes == []
        gateway.clock.advance(1)
        await gateway.api.close_overdue()
        assert [code for code, _ in socket.closes] == [1001]

    run(test)


def test_only_what_is_overdue_closes() -> None:
    async def test() -> None:
        gateway = Gateway()
        _, old = await gateway.opened()
        gateway.clock.advance(500)
        connection, young = await gateway.opened()
        gateway.clock.advance(100)
        await gateway.api.close_overdue()
        assert (len(old.closes), len(young.closes)) == (1, 0)
        await gateway.api.post(connection.id, b"hello")
        assert young.sent == ["hello"]

    run(test)
