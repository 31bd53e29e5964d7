"""Cognito identity pools, by a clock of the test's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes import FakeClock
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.cognito.service import (
    CREDENTIALS_SECONDS,
    LOCAL_POOL_ID,
    CognitoIdentity,
    caller,
)

POOL = "eu-west-1:9e8f2c6a-1111-4222-8333-444455556666"


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


def test_credentials_are_found_by_their_key_id() -> None:
    pool = Pool()
    key_id = pool.guest()
    issued = pool.cognito.credentials(key_id)

    assert issued is not None
    assert issued.access_key_id == key_id
    assert issued.pool_id == POOL
    assert issued.expires_at == pool.clock.now + CREDENTIALS_SECONDS
    assert pool.cognito.credentials("ASIAELSEWHERE") is None


def test_expired_credentials_are_forgotten_later() -> None:
    pool = Pool()
    old = pool.guest()
    pool.clock.advance(2 * CREDENTIALS_SECONDS)
    pool.guest()
    assert pool.cognito.credentials(old) is not None

    pool.clock.advance(1)
    new = pool.guest()
    assert pool.cognito.credentials(old) is None
    assert pool.cognito.credentials(new) is not None


def test_an_unknown_identity_is_of_the_local_pool() -> None:
    pool = Pool()
    issued = pool.cognito.credentials(pool.credentials_of("us-east-1:0-0"))

    assert issued is not None and issued.pool_id == LOCAL_POOL_ID


def test_a_caller_is_described_as_a_guest() -> None:
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
def test_an_invalid_id_is_refused(request_: dict[str, Any]) -> None:
    with pytest.raises(ServiceError) as refused:
        CognitoIdentity().call("GetId", request_)
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")


def test_other_operations_are_unknown() -> None:
    with pytest.raises(ServiceError) as refused:
        CognitoIdentity().call("DeleteIdentityPool", {})
    assert refused.value.code == "UnknownOperationException"


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
