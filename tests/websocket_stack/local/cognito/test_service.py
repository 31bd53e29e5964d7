"""Cognito identity pools: by their clock, and as boto3 sees them on the running stack."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from fakes import FakeClock
from stack_fixture import client
from websocket_stack import registration
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.cognito.service import (
    CREDENTIALS_SECONDS,
    LOCAL_POOL_ID,
    CognitoIdentity,
    caller,
)

POOL = "eu-west-1:9e8f2c6a-1111-4222-8333-444455556666"


@pytest.fixture(scope="module")
def cognito(stack_url: str) -> Iterator[Any]:
    """A ``cognito-identity`` client."""
    with closing(client("cognito-identity", stack_url)) as made:
        yield made


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


# --- with boto3


def test_each_visitor_is_a_new_guest_with_an_identity_that_the_registration_knows(cognito) -> None:
    identities = {cognito.get_id(IdentityPoolId=POOL)["IdentityId"] for _ in range(3)}

    assert len(identities) == 3
    assert all(registration.IDENTITY_ID.fullmatch(each) for each in identities)


def test_whoever_logs_in_again_has_the_same_identity(cognito) -> None:
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


def test_a_caller_is_a_guest_or_not() -> None:
    cognito, identity = CognitoIdentity(), {"IdentityId": "us-east-1:00"}
    for request, kind in (
        (identity, "unauthenticated"),
        (identity | {"Logins": {"accounts.example.com": "token"}}, "authenticated"),
    ):
        given = cognito.call("GetCredentialsForIdentity", request)["Credentials"]
        issued = cognito.credentials(given["AccessKeyId"])
        assert issued is not None
        assert caller(issued)["cognitoAuthenticationType"] == kind


def test_a_guest_gets_credentials_for_an_hour(cognito) -> None:
    identity = cognito.get_id(IdentityPoolId=POOL)["IdentityId"]
    response = cognito.get_credentials_for_identity(IdentityId=identity)
    given = response["Credentials"]

    assert response["IdentityId"] == identity
    assert re.fullmatch("ASIA[A-Z2-7]{16}", given["AccessKeyId"])
    assert len(given["SecretKey"]) == 40
    assert len(given["SessionToken"]) > 500
    assert given["Expiration"].timestamp() == pytest.approx(time.time() + 3600, abs=60)


def test_credentials_are_new_each_time(cognito) -> None:
    identity = cognito.get_id(IdentityPoolId=POOL)["IdentityId"]
    first, second = (
        cognito.get_credentials_for_identity(IdentityId=identity)["Credentials"] for _ in range(2)
    )
    for name in ("AccessKeyId", "SecretKey", "SessionToken"):
        assert first[name] != second[name]


def test_a_browser_may_keep_its_identity_over_a_restart(cognito) -> None:
    identity = "us-east-1:11111111-1111-1111-1111-111111111111"
    assert cognito.get_credentials_for_identity(IdentityId=identity)["IdentityId"] == identity


def test_a_token_says_who_the_guest_is(cognito) -> None:
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
def test_what_is_no_id_is_said_as_cognito_says_it(cognito, operation, request_, name) -> None:
    with pytest.raises(cognito.exceptions.ClientError) as refused:
        getattr(cognito, operation)(**request_)
    response = refused.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["Error"]["Code"] == "ValidationException"
    assert f"Value at '{name}' failed to satisfy constraint" in response["Error"]["Message"]


# --- by its clock


class Pool:
    """An identity pool, and the clock that it goes by."""

    def __init__(self) -> None:
        self.clock = FakeClock(1_795_167_507.0)
        self.cognito = CognitoIdentity(self.clock)

    def guest(self) -> str:
        """Return the access key id of a new guest."""
        identity = self.cognito.call("GetId", {"IdentityPoolId": POOL})["IdentityId"]
        return self.credentials_of(identity)

    def credentials_of(self, identity: str) -> str:
        given = self.cognito.call("GetCredentialsForIdentity", {"IdentityId": identity})
        key_id: str = given["Credentials"]["AccessKeyId"]
        return key_id


def test_what_was_handed_out_is_known_by_its_access_key_id() -> None:
    pool = Pool()
    key_id = pool.guest()
    issued = pool.cognito.credentials(key_id)

    assert issued is not None
    assert issued.access_key_id == key_id
    assert issued.pool_id == POOL
    assert issued.expires_at == pool.clock.now + CREDENTIALS_SECONDS
    assert pool.cognito.credentials("ASIAELSEWHERE") is None


def test_credentials_are_known_for_a_while_beyond_their_time_and_then_forgotten() -> None:
    pool = Pool()
    old = pool.guest()
    pool.clock.advance(2 * CREDENTIALS_SECONDS)
    pool.guest()
    assert pool.cognito.credentials(old) is not None

    pool.clock.advance(1)
    new = pool.guest()
    assert pool.cognito.credentials(old) is None
    assert pool.cognito.credentials(new) is not None


def test_an_identity_of_an_earlier_run_belongs_to_the_local_pool() -> None:
    pool = Pool()
    issued = pool.cognito.credentials(pool.credentials_of("us-east-1:0-0"))

    assert issued is not None and issued.pool_id == LOCAL_POOL_ID


def test_a_caller_is_described_as_api_gateway_describes_guests() -> None:
    pool = Pool()
    issued = pool.cognito.credentials(pool.guest())
    assert issued is not None
    identity = caller(issued)

    assert identity["cognitoIdentityId"] == issued.identity_id
    assert identity["cognitoIdentityPoolId"] == POOL
    assert identity["cognitoAuthenticationType"] == "unauthenticated"
    assert identity["accessKey"] == issued.access_key_id
    assert identity["userArn"].startswith("arn:aws:sts::000000000000:assumed-role/")
    assert issued.secret_access_key not in identity.values()
    assert issued.session_token not in identity.values()


@pytest.mark.parametrize("request_", [{}, {"IdentityPoolId": None}, {"IdentityPoolId": [POOL]}])
def test_an_id_that_is_missing_or_no_text_is_refused(request_) -> None:
    with pytest.raises(ServiceError) as refused:
        CognitoIdentity().call("GetId", request_)
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")


def test_operations_beyond_those_of_guests_are_unknown() -> None:
    with pytest.raises(ServiceError) as refused:
        CognitoIdentity().call("DeleteIdentityPool", {})
    assert refused.value.code == "UnknownOperationException"
