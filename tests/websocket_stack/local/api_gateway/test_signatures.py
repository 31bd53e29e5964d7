"""Signature Version 4, signed by boto3, Lex Web UI and by the book, and checked here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import ClientError
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.stack_fixture import running_app
from tests.websocket_stack.local.signing import HOST, presigned, upgrade
from websocket_stack.local.api_gateway.signatures import (
    MAX_EXPIRES_SECONDS,
    MAX_SKEW_SECONDS,
    Key,
    SignatureCheck,
    is_signed,
)
from websocket_stack.local.aws_json import ServiceError, error_response
from websocket_stack.local.lex.service import SESSION_ID
from websocket_stack.smoke import presigning

PATH = "/Prod/@connections/L0SM9cOFvHcCIhw%3D"
IDENTITY = "us-east-1:11111111-1111-1111-1111-111111111111"
# 2026-11-20, 09:38:27
NOW = 1_795_167_507.0
GUEST = Key("guest's secret", "token/+=", expires_at=NOW + 7200)
KEYS = {"AKID": Key("secret"), "OTHER": Key("other secret"), "GUEST": GUEST}
CHECK = SignatureCheck(KEYS.get)


# --- in headers


def signed(
    key: str = "AKID",
    secret: str = "secret",
    token: str | None = None,
    path: str = PATH,
    body: bytes = b"hello",
    service: str = "execute-api",
    **headers: str,
) -> dict[str, str]:
    request = AWSRequest("POST", f"http://{HOST}{path}", headers, body)
    request.headers["Host"] = HOST
    signer = SigV4Auth(Credentials(key, secret, token), service, "us-east-1")
    signer.add_auth(request)
    return dict(request.headers)


def check(
    headers: Mapping[str, str],
    *,
    path: str = PATH,
    body: bytes = b"hello",
    method: str = "POST",
    checks: SignatureCheck = CHECK,
) -> Key | None:
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "path": path.replace("%3D", "=").replace("%3F", "?"),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    return checks.check(Request(scope), body, method)


def refusal(headers: Mapping[str, str], **options: Any) -> str:
    with pytest.raises(ServiceError) as refused:
        check(headers, **options)
    assert refused.value.status == 403
    return refused.value.code


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({}, "AKID"),
        ({"key": "OTHER", "secret": "other secret"}, "OTHER"),
        ({"token": "a session token"}, "AKID"),
    ],
)
def test_a_signature_identifies_its_key(options: dict[str, Any], key: str) -> None:
    assert check(signed(**options)) == KEYS[key]


@pytest.mark.parametrize(
    "path",
    [
        "/Prod/@connections/a%2Fb%2Bc%3D",
        "/Prod/@connections/ab=",
        "/Prod/@connections/a%3Fb",
        "/Prod/@connections/ab?a=b&a=%20&c=",
    ],
)
def test_the_address_is_signed_as_it_was_sent(path: str) -> None:
    assert check(signed(path=path), path=path) == KEYS["AKID"]


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer token", "AWS4-HMAC-SHA256 Credential=AKID", "AWS AKID:signature"],
)
def test_a_request_without_a_signature_is_refused(authorization: str) -> None:
    headers = {"host": HOST}
    if authorization:
        headers["authorization"] = authorization

    assert refusal(headers) == "MissingAuthenticationTokenException"


def test_an_unknown_key_is_left_to_the_caller() -> None:
    assert check(signed(key="UNKNOWN")) is None


def test_a_wrong_secret_is_refused() -> None:
    assert refusal(signed(secret="wrong")) == "InvalidSignatureException"


def test_a_signature_for_another_service_is_refused() -> None:
    assert refusal(signed(service="bedrock")) == "InvalidSignatureException"
    assert check(signed(service="bedrock"), checks=SignatureCheck(KEYS.get, "bedrock"))


@pytest.mark.parametrize(
    "options",
    [
        {"body": b"hellO"},
        {"body": b""},
        {"path": "/Prod/@connections/other%3D"},
        {"path": f"{PATH}?a=b"},
        {"method": "DELETE"},
    ],
)
def test_a_changed_request_is_refused(options: dict[str, Any]) -> None:
    assert refusal(signed(), **options) == "InvalidSignatureException"


@pytest.mark.parametrize("header", ["Host", "X-Amz-Date", "X-Amz-Security-Token"])
@pytest.mark.parametrize("value", ["changed", None])
def test_a_changed_or_dropped_header_is_refused(header: str, value: str | None) -> None:
    headers = signed(token="a session token")
    assert header in headers
    headers[header] = value or ""
    if value is None and header != "Host":
        del headers[header]

    assert refusal(headers) == "InvalidSignatureException"


def test_a_hash_in_a_header_does_not_replace_the_body() -> None:
    of_hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    header: dict[str, Any] = {"X-Amz-Content-SHA256": of_hello}
    headers = signed(**header)
    assert "x-amz-content-sha256" in headers["Authorization"]

    assert check(headers) == KEYS["AKID"]
    assert refusal(headers, body=b"another") == "InvalidSignatureException"


def test_the_credentials_date_is_the_signatures() -> None:
    headers = signed()
    date = headers["X-Amz-Date"][:8]
    headers["Authorization"] = headers["Authorization"].replace(f"/{date}/", "/20200101/")

    assert refusal(headers) == "InvalidSignatureException"


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_in_headers_lasts_some_minutes(minutes: int) -> None:
    headers = signed()
    late = SignatureCheck(KEYS.get, now=lambda: time.time() + minutes * 60)
    nearly = SignatureCheck(KEYS.get, now=lambda: time.time() + minutes * 40)

    assert check(headers, checks=nearly) == KEYS["AKID"]
    assert refusal(headers, checks=late) == "InvalidSignatureException"


def test_boto3_signs_what_is_checked() -> None:
    async def connections(request: Request) -> Response:
        CHECK.check(request, await request.body(), request.method)
        return Response(status_code=200)

    app = Starlette(
        routes=[Route("/Prod/@connections/{id:path}", connections, methods=["POST", "DELETE"])],
        exception_handlers={ServiceError: error_response},
    )
    with running_app(app) as origin:
        for secret, taken in (("secret", True), ("wrong", False)):
            with closing(
                boto3.Session("AKID", secret, "a token", "us-east-1").client(
                    "apigatewaymanagementapi",
                    endpoint_url=f"{origin}/Prod",
                    config=Config(retries={"total_max_attempts": 1}),
                )
            ) as client:
                if taken:
                    client.post_to_connection(ConnectionId="L0SM9cOFvHcCIhw=", Data=b"hello")
                    client.delete_connection(ConnectionId="a/b+c=")
                    continue
                with pytest.raises(ClientError) as refused:
                    client.post_to_connection(ConnectionId="L0SM9cOFvHcCIhw=", Data=b"hello")
                assert refused.value.response["Error"]["Code"] == "InvalidSignatureException"


# --- in the address


def opened(query: str, host: str = HOST, now: float = NOW, find: Any = KEYS.get) -> Key | None:
    return SignatureCheck(find, now=lambda: now).check(upgrade(query, host))


def not_opened(query: str, **options: Any) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        opened(query, **options)
    assert refused.value.status == 403
    return refused.value


def by_botocore(session_id: str) -> str:
    """Return the query string of an address that botocore signs now."""
    credentials = ReadOnlyCredentials("GUEST", "guest's secret", "token/+=")
    url = presigning.signed(f"ws://{HOST}/Prod", session_id, credentials, "us-east-1")
    return urlsplit(url).query


def in_this_hour(access_key_id: str) -> Key | None:
    """Find keys whose credentials have not expired yet."""
    key = KEYS.get(access_key_id)
    return key and key._replace(expires_at=float("inf"))


@settings(deadline=None)
@given(st.from_regex(SESSION_ID, fullmatch=True))
def test_botocore_presigns_any_session_id(session_id: Any) -> None:
    assert opened(by_botocore(session_id), now=time.time(), find=in_this_hour)


@settings(deadline=None)
@given(st.data())
def test_any_changed_character_makes_it_wrong(data: Any) -> None:
    query = presigned([("sessionId", IDENTITY)], NOW)
    position = data.draw(st.integers(0, len(query) - 1))
    character = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    changed = f"{query[:position]}{character}{query[position + 1 :]}"
    # %3A and %3a are the same.
    assume(parse_qsl(changed, keep_blank_values=True) != parse_qsl(query, keep_blank_values=True))

    assert opened(query) == GUEST
    try:
        assert opened(changed) is None
        assert dict(parse_qsl(changed))["X-Amz-Credential"].split("/")[0] != "GUEST"
    except ServiceError as refused:
        assert refused.status == 403


@pytest.mark.parametrize(
    "query",
    [
        "sessionId=us-east-1%3A11111111-1111-1111-1111-111111111111"
        "&X-Amz-Security-Token=token%2F%2B%3D%7E+*&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=ASIAGUEST%2F20261120%2Fus-east-1%2Fexecute-api%2Faws4_request"
        "&X-Amz-Date=20261120T093827Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=1c3433e086e8d5b0fb75213b0374b4969a0ede7c91a5ae0e906335c92fd6eaf7",
        "sessionId=lex-web-ui-1a2b"
        "&X-Amz-Security-Token=token%2F%2B%3D%7E+*&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=ASIAGUEST%2F20261120%2Fus-east-1%2Fexecute-api%2Faws4_request"
        "&X-Amz-Date=20261120T093827Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=b64577a49e84cda70f81d73a5f0c1d8f56aa81f65e4105c6be15c7ec44cbc532",
    ],
)
def test_what_lex_web_ui_signs_is_taken(query: str) -> None:
    """Made by ``signUrl`` of Lex Web UI 0.24.1, for ws://127.0.0.1:8000/Prod."""
    key = Key("guest's secret", "token/+=~ *")
    assert opened(query, find={"ASIAGUEST": key}.get) == key


@pytest.mark.parametrize("signed_host", [HOST, "127.0.0.1"])
def test_the_host_may_be_signed_without_its_port(signed_host: str) -> None:
    assert opened(presigned([], NOW, host=signed_host)) == GUEST


@pytest.mark.parametrize("signed_host", ["127.0.0.1:8001", "127.0.0.2", "localhost:8000", ""])
def test_another_host_is_refused(signed_host: str) -> None:
    query = presigned([], NOW, host=signed_host)
    assert not_opened(query).code == "InvalidSignatureException"


@pytest.mark.parametrize("host", ["[::1]:8000", "localhost", "[", "a/b?c", ""])
def test_a_host_of_any_form_is_signed_as_a_header(host: str) -> None:
    assert opened(presigned([], NOW, host=host), host=host) == GUEST


@pytest.mark.parametrize(
    "parameters",
    [
        [],
        [("sessionId", IDENTITY)],
        [("sessionId", "two"), ("sessionId", "one"), ("sessionId", "two")],
        [("empty", ""), ("sessionId", "a b+c/d%20é~*")],
        [("a-b", "1"), ("a", "2"), ("a b", "3"), ("Z", "4")],
    ],
)
def test_parameters_may_be_of_any_text(parameters: list[tuple[str, str]]) -> None:
    assert opened(presigned(parameters, NOW)) == GUEST


def test_parameters_may_be_encoded_otherwise() -> None:
    query = presigned([("sessionId", "a b"), ("x", "c~d")], NOW)
    assert "a%20b" in query and "c~d" in query

    assert opened(query.replace("a%20b", "%61+b").replace("c~d", "c%7ed")) == GUEST


def test_the_order_of_parameters_does_not_matter() -> None:
    query = presigned([("sessionId", IDENTITY)], NOW)
    assert opened("&".join(reversed(query.split("&")))) == GUEST


@pytest.mark.parametrize(
    "change",
    [
        lambda query: query.replace("sessionId=mine&", ""),
        lambda query: f"{query}&sessionId=yours",
        lambda query: f"sessionId=yours&{query}",
        lambda query: query.replace("SignedHeaders=host", "SignedHeaders="),
        lambda query: f"{query[:-64]}%C3%A9",
        lambda query: query[:-1],
    ],
)
def test_an_address_that_was_changed_is_refused(change: Callable[..., Any]) -> None:
    query = presigned([("sessionId", "mine")], NOW)
    assert change(query) != query
    assert not_opened(change(query)).code == "InvalidSignatureException"


@pytest.mark.parametrize("token", [None, "", "another"])
def test_temporary_credentials_need_their_token(token: str | None) -> None:
    query = presigned([], NOW, token=token)
    assert not_opened(query).code == "UnrecognizedClientException"


@pytest.mark.parametrize("expires", [60, 3600])
def test_an_address_lasts_as_long_as_it_says(expires: int) -> None:
    query = presigned([], NOW, expires=str(expires))

    assert opened(query, now=NOW + expires) == GUEST
    refused = not_opened(query, now=NOW + expires + 1)
    assert refused.code == "InvalidSignatureException"
    assert refused.message == "Signature expired: 20261120T093827Z is now earlier than allowed"


def test_an_address_of_the_future_is_refused() -> None:
    query = presigned([], NOW)

    assert opened(query, now=NOW - MAX_SKEW_SECONDS) == GUEST
    assert not_opened(query, now=NOW - MAX_SKEW_SECONDS - 1).code == "InvalidSignatureException"


@pytest.mark.parametrize(
    "expires", ["", "-1", "1.5", "soon", "٣٦٠٠", "9" * 5000, str(MAX_EXPIRES_SECONDS + 1)]
)
def test_an_odd_time_to_live_is_refused(expires: str) -> None:
    refused = not_opened(presigned([], NOW, expires=expires))

    assert refused.code == "InvalidSignatureException"
    assert refused.message.startswith("X-Amz-Expires must be a number of seconds up to 604800")


def test_an_address_lasts_no_longer_than_its_key() -> None:
    query = presigned([], NOW, expires="10000")

    assert opened(query, now=GUEST.expires_at - 1) == GUEST
    assert not_opened(query, now=GUEST.expires_at).code == "ExpiredTokenException"


@pytest.mark.parametrize(
    ("query", "headers", "found"),
    [
        ("", {}, False),
        ("sessionId=mine", {}, False),
        ("", {"authorization": "Bearer token"}, False),
        ("X-Amz-Signature=abc", {}, False),
        ("X-Amz-Credential=nonsense", {}, False),
        ("", {"authorization": "AWS4-HMAC-SHA256 nonsense"}, False),
        ("X-Amz-Credential=ASIA1%2F20261120%2Fus-east-1%2Fexecute-api%2Faws4_request", {}, True),
        (
            "",
            {
                "authorization": "AWS4-HMAC-SHA256 Credential=ASIA1/20261120/us-east-1/execute-api"
                f"/aws4_request, SignedHeaders=host, Signature={'0' * 64}"
            },
            True,
        ),
    ],
)
def test_is_signed(query: str, headers: dict[str, str], found: bool) -> None:
    assert is_signed(upgrade(query, **headers)) is found
