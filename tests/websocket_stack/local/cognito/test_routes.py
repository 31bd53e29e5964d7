"""Cognito Identity over HTTP, and as boto3 sees it on the running stack."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.stack_fixture import client
from websocket_stack import registration
from websocket_stack.local.cognito import routes as cognito_routes
from websocket_stack.local.cognito.service import CognitoIdentity

POOL = "eu-west-1:9e8f2c6a-1111-4222-8333-444455556666"
GET_ID = f"{cognito_routes.TARGET}.GetId"


@pytest.fixture
def http() -> TestClient:
    return TestClient(cognito_routes.application(CognitoIdentity()))


@pytest.fixture(scope="module")
def cognito(stack_url: str) -> Iterator[Any]:
    """A ``cognito-identity`` client."""
    with closing(client("cognito-identity", stack_url)) as boto3_client:
        yield boto3_client


# --- over HTTP


def test_a_reply_is_json_of_its_protocol(http: TestClient) -> None:
    response = http.post("/", headers={"x-amz-target": GET_ID}, json={"IdentityPoolId": POOL})

    assert list(response.json()) == ["IdentityId"]
    assert response.headers["content-type"] == "application/x-amz-json-1.1"
    assert response.headers["x-amzn-requestid"]


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        (GET_ID, b"", "ValidationException"),
        (GET_ID, b"not JSON", "ValidationException"),
        (cognito_routes.TARGET, b"{}", "UnknownOperationException"),
        (f"{cognito_routes.TARGET}.ListIdentityPools", b"{}", "UnknownOperationException"),
    ],
)
def test_an_error_has_its_name_in_the_body(
    http: TestClient, target: str, body: bytes, code: str
) -> None:
    response = http.post("/", headers={"x-amz-target": target}, content=body)

    assert response.status_code == 400
    assert response.json()["__type"] == response.headers["x-amzn-errortype"] == code
    assert response.headers["content-type"] == "application/x-amz-json-1.1"


# --- as boto3 sees it


def test_each_visitor_is_a_new_guest(cognito: Any) -> None:
    identities = {cognito.get_id(IdentityPoolId=POOL)["IdentityId"] for _ in range(3)}

    assert len(identities) == 3
    assert all(registration.IDENTITY_ID.fullmatch(each) for each in identities)


def test_a_login_has_the_same_identity_each_time(cognito: Any) -> None:
    def identity(token: str, provider: str = "accounts.example.com") -> str:
        found: str = cognito.get_id(IdentityPoolId=POOL, Logins={provider: token})["IdentityId"]
        return found

    def token(subject: str, issued_at: int) -> str:
        claims = json.dumps({"sub": subject, "iat": issued_at}).encode()
        return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.signature"

    assert identity(token("somebody", 1)) == identity(token("somebody", 2))
    assert identity(token("somebody", 1)) != identity(token("somebody else", 1))
    assert identity(token("somebody", 1)) != identity(token("somebody", 1), "other.example.com")
    assert identity("no JWT") == identity("no JWT")


def test_a_guest_gets_credentials_for_an_hour(cognito: Any) -> None:
    identity = cognito.get_id(IdentityPoolId=POOL)["IdentityId"]
    response = cognito.get_credentials_for_identity(IdentityId=identity)
    given = response["Credentials"]

    assert response["IdentityId"] == identity
    assert re.fullmatch("ASIA[A-Z2-7]{16}", given["AccessKeyId"])
    assert len(given["SecretKey"]) == 40
    assert len(given["SessionToken"]) > 500
    assert given["Expiration"].timestamp() == pytest.approx(time.time() + 3600, abs=60)


def test_credentials_are_new_each_time(cognito: Any) -> None:
    identity = cognito.get_id(IdentityPoolId=POOL)["IdentityId"]
    first, second = (
        cognito.get_credentials_for_identity(IdentityId=identity)["Credentials"] for _ in range(2)
    )
    for name in ("AccessKeyId", "SecretKey", "SessionToken"):
        assert first[name] != second[name]


def test_a_browser_keeps_its_identity(cognito: Any) -> None:
    identity = "us-east-1:11111111-1111-1111-1111-111111111111"
    assert cognito.get_credentials_for_identity(IdentityId=identity)["IdentityId"] == identity


def test_a_token_says_who_the_guest_is(cognito: Any) -> None:
    identity = cognito.get_id(IdentityPoolId=POOL)["IdentityId"]
    response = cognito.get_open_id_token(IdentityId=identity)
    claims = claims_of(response["Token"])

    assert response["IdentityId"] == claims["sub"] == identity
    assert claims["aud"] == POOL
    assert claims["amr"] == ["unauthenticated"]
    assert claims["exp"] - claims["iat"] == 600


@pytest.mark.parametrize(
    ("operation", "request_", "name"),
    [
        ("get_id", {"IdentityPoolId": "eu-west-1_userpool"}, "identityPoolId"),
        ("get_credentials_for_identity", {"IdentityId": "somebody"}, "identityId"),
        ("get_open_id_token", {"IdentityId": "us-east-1:XYZ"}, "identityId"),
    ],
)
def test_an_invalid_id_has_cognitos_message(
    cognito: Any, operation: str, request_: dict[str, str], name: str
) -> None:
    with pytest.raises(cognito.exceptions.ClientError) as refused:
        getattr(cognito, operation)(**request_)
    response = refused.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["Error"]["Code"] == "ValidationException"
    assert f"Value at '{name}' failed to satisfy constraint" in response["Error"]["Message"]


def test_boto3_is_told_what_is_not_emulated(cognito: Any) -> None:
    with pytest.raises(cognito.exceptions.ClientError) as refused:
        cognito.list_identity_pools(MaxResults=1)
    assert refused.value.response["Error"]["Code"] == "UnknownOperationException"


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims
