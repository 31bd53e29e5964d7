"""Signature Version 4, signed by boto3 and checked here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stack_fixture import running_app
from websocket_stack.local.aws import ServiceError, error_response
from websocket_stack.local.signatures import SignatureCheck

CHECK = SignatureCheck({"AKID": "secret", "OTHER": "other secret"})
PATH = "/Prod/@connections/L0SM9cOFvHcCIhw%3D"


def signed(
    key: str = "AKID",
    secret: str = "secret",
    token: str | None = None,
    path: str = PATH,
    body: bytes = b"hello",
) -> dict[str, str]:
    request = AWSRequest("POST", f"http://127.0.0.1:8000{path}", {}, body)
    request.headers["Host"] = "127.0.0.1:8000"
    signer = SigV4Auth(Credentials(key, secret, token), "execute-api", "us-east-1")
    signer.add_auth(request)
    return dict(request.headers)


def check(
    headers: Mapping[str, str], *, path: str = PATH, body: bytes = b"hello", method: str = "POST"
) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "path": path.replace("%3D", "="),
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(CHECK.check(Request(scope, receive)))  # type: ignore[arg-type]


def refusal(headers: Mapping[str, str], **options: Any) -> str:
    with pytest.raises(ServiceError) as refused:
        check(headers, **options)
    assert refused.value.status == 403
    return refused.value.code


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"key": "OTHER", "secret": "other secret"},
        {"token": "a session token"},
    ],
)
def test_a_signature_of_a_known_key_is_taken(options) -> None:
    check(signed(**options))


@pytest.mark.parametrize("path", ["/Prod/@connections/a%2Fb%2Bc%3D", "/Prod/@connections/ab="])
def test_the_path_is_signed_as_it_was_sent(path) -> None:
    check(signed(path=path), path=path)


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer token", "AWS4-HMAC-SHA256 Credential=AKID", "AWS AKID:signature"],
)
def test_a_request_without_a_signature_is_refused(authorization) -> None:
    headers = {"host": "127.0.0.1:8000"}
    if authorization:
        headers["authorization"] = authorization

    assert refusal(headers) == "MissingAuthenticationTokenException"


def test_an_unknown_key_is_refused() -> None:
    assert refusal(signed(key="UNKNOWN")) == "UnrecognizedClientException"


def test_a_wrong_secret_is_refused() -> None:
    assert refusal(signed(secret="wrong")) == "InvalidSignatureException"


@pytest.mark.parametrize(
    "options",
    [{"body": b"hellO"}, {"path": "/Prod/@connections/other%3D"}, {"method": "DELETE"}],
)
def test_what_was_changed_on_the_way_is_refused(options) -> None:
    assert refusal(signed(), **options) == "InvalidSignatureException"


@pytest.mark.parametrize("header", ["Host", "X-Amz-Date", "X-Amz-Security-Token"])
@pytest.mark.parametrize("value", ["changed", None])
def test_a_signed_header_that_was_changed_or_dropped_is_refused(header, value) -> None:
    headers = signed(token="a session token")
    assert header in headers
    headers[header] = value or ""
    if value is None and header != "Host":
        del headers[header]

    assert refusal(headers) == "InvalidSignatureException"


def test_boto3_signs_what_is_checked() -> None:
    async def connections(request: Request) -> Response:
        await CHECK.check(request)
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
