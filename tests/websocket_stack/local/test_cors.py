"""Cross-origin calls: as a browser makes them, before and while it calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import NamedTuple

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from stack_fixture import QUESTION, running_stack
from websocket_stack.local.aws_json import ServiceError, error_response
from websocket_stack.local.cors import Cors

ORIGIN = {"origin": "https://page.example"}
PREFLIGHT = {
    **ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "amz-sdk-invocation-id,authorization,content-type,x-amz-date",
}
SESSION = "/bots/LOCALBOT01/botAliases/TSTALIASID/botLocales/en_US/sessions/cors-1"


# --- in memory


async def _answer(request: Request) -> Response:
    if request.path_params["what"] == "service":
        raise ServiceError(424, "DependencyFailedException", "no")
    return PlainTextResponse("fine", headers={"access-control-allow-origin": "https://one.example"})


async def _socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("open")


@pytest.fixture
def http() -> Iterator[TestClient]:
    app = Starlette(
        routes=[
            Route("/bots/{what}", _answer),
            Route("/model/{what}", _answer),
            WebSocketRoute("/bots/socket/", _socket),
        ],
        middleware=[Middleware(Cors, exact=frozenset({"/"}), prefixes=("/bots/",))],
        exception_handlers={ServiceError: error_response},
    )
    with TestClient(app) as made:
        yield made


@pytest.mark.parametrize(("what", "status"), [("well", 200), ("service", 424)])
def test_any_page_may_read_a_services_response(http, what, status) -> None:
    response = http.get(f"/bots/{what}", headers=ORIGIN)

    assert response.status_code == status
    assert response.headers.get_list("access-control-allow-origin") == ["*"]
    # Without it a page sees no error type, and the UI no answer of RecognizeUtterance.
    assert response.headers["access-control-expose-headers"] == "*"


def test_a_page_may_read_that_a_path_is_unknown(http) -> None:
    response = http.get("/bots/well/nowhere", headers=ORIGIN)
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (404, "*")


def test_other_paths_are_for_no_page(http) -> None:
    answered = http.get("/model/service", headers=ORIGIN)
    asked = http.options("/model/well", headers=PREFLIGHT)

    assert (answered.status_code, asked.status_code) == (424, 405)
    for response in (answered, asked):
        assert "access-control-allow-origin" not in response.headers


def test_a_socket_passes_as_it_is(http) -> None:
    with http.websocket_connect("/bots/socket/") as socket:
        assert socket.receive_text() == "open"


# --- on the running stack


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def names(self, header: str) -> set[str]:
        """Return the values of a list in a header, in small letters."""
        return {each.strip().lower() for each in self.headers[header].split(",")}


def call(stack: str, method: str, path: str, body: bytes = b"", **headers: str) -> Answered:
    with closing(HTTPConnection(stack.partition("://")[2], timeout=20)) as connection:
        connection.request(method, path, body, ORIGIN | headers)
        response = connection.getresponse()
        named = [(name.lower(), value) for name, value in response.getheaders()]
        ours = [name for name, _ in named if name.startswith("access-control-")]
        assert len(ours) == len(set(ours)), "a browser takes none of two"
        return Answered(response.status, dict(named), response.read())


@pytest.mark.parametrize("path", ["/", SESSION, f"{SESSION}/text", f"{SESSION}/utterance"])
def test_a_preflight_allows_signed_headers(stack_url, path) -> None:
    answered = call(stack_url, "OPTIONS", path, **PREFLIGHT)

    assert (answered.status, answered.body) == (200, b"")
    assert answered.headers["access-control-allow-origin"] == "*"
    # A wildcard does not stand for this one.
    assert {"*", "authorization"} <= answered.names("access-control-allow-headers")
    methods = answered.names("access-control-allow-methods")
    assert {"post", "put", "get", "delete"} <= methods
    assert int(answered.headers["access-control-max-age"]) > 0
    assert "access-control-allow-credentials" not in answered.headers


@pytest.mark.parametrize(
    ("stack", "said", "status", "error_type"),
    [
        ("stack_url", QUESTION, 200, None),
        ("stack_url", "", 400, "ValidationException"),
        ("odd_stack_url", "raise", 424, "DependencyFailedException"),
    ],
)
def test_a_page_reads_lexs_replies_and_errors(request, stack, said, status, error_type) -> None:
    origin = request.getfixturevalue(stack)
    answered = call(origin, "POST", f"{SESSION}/text", f'{{"text": "{said}"}}'.encode())

    assert answered.status == status
    assert answered.headers.get("x-amzn-errortype") == error_type
    assert answered.headers["access-control-allow-origin"] == "*"
    assert answered.headers["access-control-expose-headers"] == "*"


def test_a_page_reads_that_the_server_has_failed() -> None:
    async def fail(request: Request) -> Response:
        raise LookupError("a bug")

    with running_stack(further_routes=[Route("/bots/bug", fail)]) as origin:
        answered = call(origin, "GET", "/bots/bug")
    assert (answered.status, answered.headers["access-control-allow-origin"]) == (500, "*")
    assert b"a bug" not in answered.body


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("AWSCognitoIdentityService.GetId", 400),
        ("AWSCognitoIdentityService.Nothing", 400),
        ("Nobody.Nothing", 404),
        # It shares its path with Cognito, and is not for pages.
        ("DynamoDB_20120810.ListTables", 403),
    ],
)
def test_a_page_reads_what_is_at_the_root(stack_url, target, status) -> None:
    answered = call(stack_url, "POST", "/", b"{}", **{"x-amz-target": target})

    assert (answered.status, answered.headers["access-control-allow-origin"]) == (status, "*")
    assert answered.headers["access-control-expose-headers"] == "*"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/model/any/converse"),
        ("OPTIONS", "/model/any/converse"),
        ("POST", "/Prod/@connections/any%3D"),
        ("OPTIONS", "/Prod/@connections/any%3D"),
        ("GET", "/health"),
        ("POST", "/page/render"),
        ("GET", "/botscript"),
    ],
)
def test_a_page_reads_nothing_else(stack_url, method, path) -> None:
    body = b'{"messages": [{"role": "user", "content": [{"text": "refuse"}]}]}'
    answered = call(stack_url, method, path, body)

    assert not [name for name in answered.headers if name.startswith("access-control-")]
