"""Cross-origin calls: as a browser makes them, before and while it calls."""

from __future__ import annotations

from contextlib import closing
from http.client import HTTPConnection
from typing import Any, NamedTuple

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.stack_fixture import QUESTION, running_stack

pytestmark = pytest.mark.slow

# A page of this machine; see test_callers for those of others.
ORIGIN = {"origin": "http://localhost:3000"}
PREFLIGHT: dict[str, Any] = {
    **ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "amz-sdk-invocation-id,authorization,content-type,x-amz-date",
}
SESSION = "/bots/LOCALBOT01/botAliases/TSTALIASID/botLocales/en_US/sessions/cors-1"


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def names(self, header: str) -> set[str]:
        """Return the values of a list in a header, in small letters."""
        return {each.strip().lower() for each in self.headers[header].split(",")}


def call(stack: str, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
    with closing(HTTPConnection(stack.partition("://")[2], timeout=20)) as connection:
        connection.request(method, path, body, ORIGIN | headers)
        response = connection.getresponse()
        named = [(name.lower(), value) for name, value in response.getheaders()]
        ours = [name for name, _ in named if name.startswith("access-control-")]
        assert len(ours) == len(set(ours)), "a browser takes none of two"
        return Reply(response.status, dict(named), response.read())


@pytest.mark.parametrize("path", ["/", SESSION, f"{SESSION}/text", f"{SESSION}/utterance"])
def test_a_preflight_allows_signed_headers(stack_url: str, path: str) -> None:
    reply = call(stack_url, "OPTIONS", path, **PREFLIGHT)

    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["access-control-allow-origin"] == "*"
    # A wildcard does not stand for this one.
    assert {"*", "authorization"} <= reply.names("access-control-allow-headers")
    methods = reply.names("access-control-allow-methods")
    assert {"post", "put", "get", "delete"} <= methods
    assert int(reply.headers["access-control-max-age"]) > 0
    assert "access-control-allow-credentials" not in reply.headers


@pytest.mark.parametrize(
    ("stack", "said", "status", "error_type"),
    [
        ("stack_url", QUESTION, 200, None),
        ("stack_url", "", 400, "ValidationException"),
        ("odd_stack_url", "raise", 424, "DependencyFailedException"),
    ],
)
def test_a_page_reads_lexs_replies_and_errors(
    request: pytest.FixtureRequest, stack: str, said: str, status: int, error_type: str | None
) -> None:
    origin = request.getfixturevalue(stack)
    reply = call(origin, "POST", f"{SESSION}/text", f'{{"text": "{said}"}}'.encode())

    assert reply.status == status
    assert reply.headers.get("x-amzn-errortype") == error_type
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-expose-headers"] == "*"


def test_a_page_reads_that_a_path_is_unknown(stack_url: str) -> None:
    reply = call(stack_url, "GET", "/bots/nowhere")

    assert (reply.status, reply.headers["access-control-allow-origin"]) == (404, "*")


def test_a_page_reads_that_the_server_has_failed() -> None:
    async def fail(request: Request) -> Response:
        raise LookupError("a bug")

    with running_stack(further_routes=[Route("/bots/bug", fail)]) as origin:
        reply = call(origin, "GET", "/bots/bug")
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (500, "*")
    assert b"a bug" not in reply.body


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
def test_a_page_reads_what_is_at_the_root(stack_url: str, target: str, status: int) -> None:
    reply = call(stack_url, "POST", "/", b"{}", **{"x-amz-target": target})

    assert (reply.status, reply.headers["access-control-allow-origin"]) == (status, "*")
    assert reply.headers["access-control-expose-headers"] == "*"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/model/any/converse"),
        ("OPTIONS", "/model/any/converse"),
        ("POST", "/Prod/@connections/L0SM9cOFvHcCIhw%3D"),
        ("OPTIONS", "/Prod/@connections/L0SM9cOFvHcCIhw%3D"),
        ("GET", "/health"),
        ("POST", "/page/render"),
        ("GET", "/botscript"),
    ],
)
def test_a_page_reads_nothing_else(stack_url: str, method: str, path: str) -> None:
    body = b'{"messages": [{"role": "user", "content": [{"text": "refuse"}]}]}'
    reply = call(stack_url, method, path, body)

    assert not [name for name in reply.headers if name.startswith("access-control-")]
