"""The WebSocket API over HTTP: in memory, then on the running stack with real clients."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import quote

import pytest
from botocore.credentials import ReadOnlyCredentials
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.fakes import FakeClock
from tests.stack_fixture import connection_of, wait_until_unregistered
from tests.websocket_stack.local.fake_functions import FakeFunction
from websocket_stack.local.api_gateway import routes as api_gateway_routes
from websocket_stack.local.api_gateway.authorization import Auth, Authorization
from websocket_stack.local.api_gateway.events import Api
from websocket_stack.local.api_gateway.service import WebSocketApi
from websocket_stack.local.api_gateway.signatures import Key, SignatureCheck
from websocket_stack.local.aws_json import ServiceError, error_response
from websocket_stack.local.functions.function import FunctionError
from websocket_stack.smoke import presigning

KB = 1024
GUEST = {"cognitoIdentityId": "us-east-1:guest"}


class Rig:
    """An application with a WebSocket API at /Prod, and the functions behind it."""

    def __init__(
        self,
        on_connect: Any = None,
        default: Any = None,
        auth: Auth = "none",
    ) -> None:
        self.on_connect = on_connect or FakeFunction()
        self.on_disconnect = FakeFunction()
        self.clock = FakeClock(1_734_711_312.015)
        routes: dict[str, Any] = {
            "$connect": self.on_connect,
            "$disconnect": self.on_disconnect,
            "$default": default,
        }
        self.api = WebSocketApi(Api("local00000", "Prod", "testserver"), routes, self.clock)
        keys = {"AKID": Key("secret", identity=GUEST)}
        authorization = Authorization(SignatureCheck(keys.get), auth)
        self.app = Starlette(
            routes=[
                *api_gateway_routes.routes(self.api, "Prod", authorization),
                *api_gateway_routes.other_stages(),
            ],
            exception_handlers={ServiceError: error_response},
        )

    @property
    def connection_id(self) -> str:
        connection_id: str = self.on_connect.events[-1]["requestContext"]["connectionId"]
        return connection_id

    @property
    def path(self) -> str:
        return f"/Prod/@connections/{quote(self.connection_id, safe='')}"

    @property
    def closes(self) -> list[tuple[int, str]]:
        contexts = [event["requestContext"] for event in self.on_disconnect.events]
        return [(each["disconnectStatusCode"], each["disconnectReason"]) for each in contexts]


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def http(rig: Rig) -> Iterator[TestClient]:
    with TestClient(rig.app) as test_client:
        yield test_client


# --- in memory


def test_the_upgrade_becomes_the_event_of_connect(rig: Rig, http: TestClient) -> None:
    headers = {"user-agent": "Mozilla/5.0"}
    with http.websocket_connect("/Prod?sessionId=us-east-1%3Aabc", headers=headers):
        [event] = rig.on_connect.events
    assert event["queryStringParameters"] == {"sessionId": "us-east-1:abc"}
    assert event["headers"]["Sec-WebSocket-Version"] == "13"
    assert event["requestContext"]["identity"] == {
        "sourceIp": "testclient",
        "userAgent": "Mozilla/5.0",
    }


@pytest.mark.parametrize(
    ("answer", "status"), [(b'{"statusCode": 401}', 401), (FunctionError("KeyError"), 502)]
)
def test_a_refused_upgrade_has_the_status(answer: bytes | FunctionError, status: int) -> None:
    with TestClient(Rig(FakeFunction(answer)).app) as http:
        with pytest.raises(WebSocketDenialResponse) as refused:
            with http.websocket_connect("/Prod"):
                pass
    assert refused.value.status_code == status
    assert refused.value.content == b""


def test_an_error_comes_back_as_a_frame() -> None:
    rig = Rig(default=FakeFunction(FunctionError("KeyError")))
    with TestClient(rig.app) as http, http.websocket_connect("/Prod") as websocket:
        websocket.send_text("hello")
        frame = websocket.receive_json()
    assert frame["message"] == "Internal server error"
    assert frame["connectionId"] == rig.connection_id


def test_delete_closes_the_socket_normally(rig: Rig, http: TestClient) -> None:
    with http.websocket_connect("/Prod") as websocket:
        response = http.delete(rig.path)
        assert (response.status_code, response.content) == (204, b"")
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_text()
    assert closed.value.code == 1000
    assert rig.closes == [(1000, "Connection Closed Normally")]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "connection_id", ["L0SM9cOFvHcCIhw%3D", "L0SM9/OF+HcCIhw=", "L0SM9%2FOF%2BHcCIhw%3D"]
)
def test_an_unknown_connection_is_gone(http: TestClient, method: str, connection_id: str) -> None:
    response = http.request(method, f"/Prod/@connections/{connection_id}")

    assert response.status_code == 410
    assert response.headers["x-amzn-ErrorType"] == "GoneException"
    assert response.headers["x-amzn-RequestId"]
    assert response.json() == {}


def test_a_browser_closes_with_code_and_reason(rig: Rig, http: TestClient) -> None:
    with http.websocket_connect("/Prod") as websocket:
        websocket.close(3001, "enough")
    assert rig.closes == [(3001, "enough")]


def signed_path(secret: str) -> str:
    """Return the address of $connect for TestClient, signed."""
    credentials = ReadOnlyCredentials("AKID", secret, None)
    url = presigning.signed("ws://testserver/Prod", "mine", credentials, "us-east-1")
    return url.removeprefix("ws://testserver")


@pytest.mark.parametrize("auth", ["none", "iam"])
def test_a_signed_connect_names_its_signer(auth: Literal["none", "iam"]) -> None:
    rig = Rig(auth=auth)
    with TestClient(rig.app) as http, http.websocket_connect(signed_path("secret")):
        [event] = rig.on_connect.events
    assert event["requestContext"]["identity"] == {
        "sourceIp": "testclient",
        "userAgent": "testclient",
        **GUEST,
    }
    assert event["queryStringParameters"]["sessionId"] == "mine"


def test_a_wrong_signature_is_refused_before_connect() -> None:
    rig = Rig()
    with TestClient(rig.app) as http:
        with pytest.raises(WebSocketDenialResponse) as refused:
            with http.websocket_connect(signed_path("wrong")):
                pass
    assert refused.value.status_code == 403
    assert refused.value.headers["x-amzn-ErrorType"] == "InvalidSignatureException"
    assert refused.value.headers["x-amzn-RequestId"]
    assert refused.value.json()["message"].startswith("The request signature we calculated")
    assert rig.on_connect.events == []


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_management_calls_are_checked_first(method: str) -> None:
    with TestClient(Rig(auth="iam").app) as http:
        response = http.request(method, "/Prod/@connections/L0SM9cOFvHcCIhx%3D")
    assert response.status_code == 403
    assert response.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


def drive(rig: Rig, received: list[dict[str, Any]], left_after: int) -> list[str]:
    """Run a WebSocket through the application; returns the types of what it sent.

    The browser has left after the application has sent so many messages.
    """
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return received.pop(0)

    async def send(message: dict[str, Any]) -> None:
        if len(sent) == left_after:
            raise OSError("the browser has left")
        sent.append(message["type"])

    scope = {
        "type": "websocket",
        "path": "/Prod",
        "query_string": b"",
        "headers": [],
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }
    asyncio.run(asyncio.wait_for(rig.app(scope, receive, send), 20))  # type: ignore[arg-type]
    return sent


CONNECT = {"type": "websocket.connect"}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"code": 1001, "reason": ""}, 1001),
        ({"code": 1005, "reason": ""}, 1005),
        ({"code": None, "reason": None}, 1005),
        # uvicorn's word for a connection that was lost.
        ({"code": 1005}, 1006),
        ({"code": 1006}, 1006),
        ({"code": 1012}, 1012),
    ],
)
def test_the_close_code_reaches_the_event(rig: Rig, message: dict[str, Any], code: int) -> None:
    drive(rig, [CONNECT, {"type": "websocket.disconnect", **message}], left_after=9)

    assert rig.closes == [(code, "")]


def test_leaving_during_connect_disconnects(rig: Rig) -> None:
    drive(rig, [CONNECT, {"type": "websocket.disconnect", "code": 1006}], left_after=0)

    assert rig.closes == [(1006, "")]


def test_leaving_before_an_error_frame_disconnects() -> None:
    rig = Rig(default=FakeFunction(FunctionError("KeyError")))
    received: list[dict[str, Any]] = [
        CONNECT,
        {"type": "websocket.receive", "text": "hello"},
        {"type": "websocket.disconnect", "code": 1001, "reason": "left"},
    ]
    assert drive(rig, received, left_after=1) == ["websocket.accept"]
    assert rig.closes == [(1001, "left")]


def test_only_the_stage_is_a_websocket(rig: Rig) -> None:
    with TestClient(rig.app) as http, pytest.raises(WebSocketDisconnect):
        with http.websocket_connect("/other"):
            pass
    assert rig.on_connect.events == []


# --- on the running stack


@contextmanager
def browser(stack_url: str, session_id: str, **options: Any) -> Iterator[ClientConnection]:
    url = f"{stack_url.replace('http', 'ws', 1)}/Prod?sessionId={session_id}"
    with connect(url, proxy=None, compression=None, open_timeout=20, **options) as websocket:
        yield websocket


def test_a_browser_gets_the_registrations_status(stack_url: str) -> None:
    for query in ("", "?sessionId=", "?sessionId=a%20b"):
        url = f"{stack_url.replace('http', 'ws', 1)}/Prod{query}"
        with pytest.raises(InvalidStatus) as refused, connect(url, proxy=None):
            pass
        assert refused.value.response.status_code == 400


def test_a_frame_above_32_kb_closes_with_1009(stack_url: str) -> None:
    with browser(stack_url, "frame-1") as websocket:
        websocket.send("x" * (32 * KB + 1))
        assert close_code(websocket) == 1009


def test_a_message_above_128_kb_closes_with_1009(stack_url: str) -> None:
    with browser(stack_url, "message-1") as websocket:
        try:
            websocket.send(["x" * 32 * KB] * 4 + ["x"])
        except ConnectionClosed:
            pass  # already
        assert close_code(websocket) == 1009


def test_a_message_has_128_kb_in_frames_of_32(stack_url: str) -> None:
    with browser(stack_url, "message-2") as websocket:
        websocket.send(["x" * 32 * KB] * 4)
        with pytest.raises(TimeoutError):
            websocket.recv(timeout=0.2)


def test_a_binary_message_closes_with_1003(stack_url: str) -> None:
    with browser(stack_url, "binary-1") as websocket:
        websocket.send(b"\x00\x01")
        assert close_code(websocket) == 1003


def close_code(websocket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        websocket.recv(timeout=20)
    return websocket.close_code


def test_boto3_posts_to_a_browser(stack_url: str, connections: Any, dynamodb: Any) -> None:
    with browser(stack_url, "boto-1") as websocket:
        connection_id = connection_of(dynamodb, "boto-1")
        connections.post_to_connection(ConnectionId=connection_id, Data="Grüß Gott 👋".encode())
        connections.post_to_connection(ConnectionId=connection_id, Data=b"x" * 128 * KB)
        assert websocket.recv(timeout=20) == "Grüß Gott 👋"
        assert websocket.recv(timeout=20) == "x" * 128 * KB


def test_boto3_reads_a_connection(stack_url: str, connections: Any, dynamodb: Any) -> None:
    with browser(stack_url, "boto-2", user_agent_header="Mozilla/5.0") as websocket:
        connection_id = connection_of(dynamodb, "boto-2")
        before = connections.get_connection(ConnectionId=connection_id)
        connections.post_to_connection(ConnectionId=connection_id, Data=b"hello")
        after = connections.get_connection(ConnectionId=connection_id)
        websocket.recv(timeout=20)
    assert before["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "Mozilla/5.0"}
    assert before["ConnectedAt"] == after["ConnectedAt"]
    assert before["ConnectedAt"] <= before["LastActiveAt"] <= after["LastActiveAt"]
    assert after["LastActiveAt"].tzinfo is not None


def test_boto3_finds_a_closed_browser_gone(stack_url: str, connections: Any, dynamodb: Any) -> None:
    with browser(stack_url, "boto-4"):
        connection_id = connection_of(dynamodb, "boto-4")
    # The client has had its close frame answered, and its row goes with it.
    wait_until_unregistered(dynamodb, "boto-4")
    for call in ("get_connection", "delete_connection"):
        with pytest.raises(connections.exceptions.GoneException):
            getattr(connections, call)(ConnectionId=connection_id)


def test_boto3_reads_that_a_message_is_too_long(connections: Any) -> None:
    with pytest.raises(connections.exceptions.PayloadTooLargeException):
        connections.post_to_connection(ConnectionId="any=", Data=b"x" * (128 * KB + 1))


def test_connecting_again_takes_over_the_session(
    stack_url: str, connections: Any, dynamodb: Any
) -> None:
    with browser(stack_url, "boto-5"):
        first = connection_of(dynamodb, "boto-5")
        with browser(stack_url, "boto-5") as second:
            connection_id = connection_of(dynamodb, "boto-5")
            assert connection_id != first
            connections.delete_connection(ConnectionId=first)
            assert connection_of(dynamodb, "boto-5") == connection_id
            connections.post_to_connection(ConnectionId=connection_id, Data=b"hello")
            assert second.recv(timeout=20) == "hello"


@pytest.mark.parametrize("stage", ["", "/prod", "/other"])
def test_a_wrong_stage_is_forbidden(http: TestClient, stage: str) -> None:
    response = http.post(f"{stage}/@connections/L0SM9cOFvHcCIhw%3D")
    assert response.status_code == 403
    assert response.headers["x-amzn-ErrorType"] == "ForbiddenException"


@pytest.mark.parametrize("connection_id", ["nope", "a", "L0SM9cOFvHcCIhw", "%00%3D"])
def test_what_is_no_connection_id_is_a_bad_request(http: TestClient, connection_id: str) -> None:
    response = http.post(f"/Prod/@connections/{connection_id}")
    assert response.status_code == 400
    assert response.headers["x-amzn-ErrorType"] == "BadRequestException"
