"""Sockets, the session table and posts, as the checks meet them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError
from botocore.hooks import HierarchicalEmitter
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from tests.fakes import FakeClock
from websocket_stack.smoke.browser import Browser, Identity
from websocket_stack.smoke.session import SmokeSession
from websocket_stack.smoke.stack import BotAlias, StackUnderTest

CREDENTIALS = ReadOnlyCredentials("key", "secret", "token")
STACK = StackUnderTest(
    "wss://a.example/Prod",
    "https://a.example/Prod",
    "eu-west-1",
    BotAlias("BOT", "ALIAS", "en_US"),
    "sessions",
)
OPEN_STACK = replace(STACK, takes_unsigned=True)


class FakeSocket:
    """A socket with frames to come; then it is silent."""

    def __init__(self, *frames: str) -> None:
        self.frames = list(frames)
        self.sent: list[str] = []
        self.is_closed = False

    def recv(self, timeout: float | None = None) -> str:
        if not self.frames:
            raise TimeoutError
        return self.frames.pop(0)

    def send(self, text: str) -> None:
        self.sent.append(text)

    def close(self) -> None:
        self.is_closed = True


class FakeConnect:
    """Opens sockets, refuses with a status or raises; records the addresses."""

    def __init__(self, *outcomes: FakeSocket | int | Exception) -> None:
        self._outcomes = list(outcomes)
        self.urls: list[str] = []

    @contextmanager
    def __call__(self, url: str, **options: Any) -> Iterator[Any]:
        self.urls.append(url)
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, int):
            raise InvalidStatus(Response(outcome, "", Headers()))
        if isinstance(outcome, Exception):
            raise outcome
        yield outcome
        outcome.close()


class FakeManagement:
    """Answers posts with one status after another, and delivers what it accepts."""

    def __init__(
        self,
        statuses: Sequence[int] = (200,),
        *,
        socket: FakeSocket | None = None,
        clock: FakeClock | None = None,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        self.meta = self
        self.events = HierarchicalEmitter()
        self._statuses = list(statuses)
        self._socket = socket
        self._clock = clock or FakeClock()
        self._headers = headers or {}
        self._body = body
        self.posts: list[bytes] = []

    def post_to_connection(self, ConnectionId: str, Data: bytes) -> None:
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        self.posts.append(Data)
        self._clock.advance(len(self.posts) / 1000)
        if status == 200 and self._socket is not None:
            self._socket.frames.append(Data.decode())
        self.events.emit(
            "response-received.apigatewaymanagementapi.PostToConnection",
            response_dict={"status_code": status, "headers": self._headers, "body": self._body},
        )
        if status != 200:
            error = {"Error": {"Code": str(status)}, "ResponseMetadata": {"HTTPStatusCode": status}}
            raise ClientError(error, "PostToConnection")  # type: ignore[arg-type]


class FakeTable:
    """A ``dynamodb`` client of one table."""

    def __init__(self, row: dict[str, Any] | None, error: Exception | None = None) -> None:
        self._row = row
        self._error = error

    def get_item(self, **request: Any) -> dict[str, Any]:
        if self._error:
            raise self._error
        return {"Item": self._row} if self._row else {}


OWN_ROW = {"connectionId": {"S": "own="}}


def session(  # noqa: PLR0913
    *,
    opened: FakeSocket | None = None,
    connect: Callable[..., Any] | None = None,
    management: Any = None,
    table: Any = None,
    stack: StackUnderTest = STACK,
    posts: int = 3,
    new_guest: Callable[[], Identity] | None = None,
    clock: FakeClock | None = None,
) -> SmokeSession:
    """Return a session whose socket, if there is one, is open."""
    clock = clock or FakeClock()
    browser = Browser(stack, Identity("smoke-1", CREDENTIALS), clock, connect or FakeConnect())
    return SmokeSession(
        stack,
        browser,
        management or FakeManagement(socket=opened, clock=clock),
        table or FakeTable(OWN_ROW),
        "a question",
        "a long question",
        posts,
        new_guest,
        clock,
        clock.advance,
        socket=opened,  # type: ignore[arg-type]
    )
