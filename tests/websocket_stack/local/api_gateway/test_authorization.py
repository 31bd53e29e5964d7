"""Who may connect, and who may post: by rule, and on running stacks with real clients."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any, Literal, NamedTuple

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from starlette.requests import Request
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response
from websockets.sync.client import ClientConnection, connect

from tests.fakes import FakeClock
from tests.stack_fixture import REGION, client, running_stack
from tests.websocket_stack.local.signing import HOST, presigned, upgrade
from websocket_stack.local import stack
from websocket_stack.local.api_gateway.authorization import Auth, Authorization, signature_check
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.cognito.service import (
    CREDENTIALS_SECONDS,
    LOCAL_POOL_ID,
    CognitoIdentity,
)
from websocket_stack.smoke import presigning

pytestmark = pytest.mark.slow

NOW = 1_795_167_507.0
FUNCTIONS = {"local": "local secret"}


class Guest(NamedTuple):
    """Who was handed credentials."""

    identity_id: str
    credentials: ReadOnlyCredentials


def guest_of(given: dict[str, Any]) -> Guest:
    """Return the guest of an answer to GetCredentialsForIdentity."""
    credentials = given["Credentials"]
    return Guest(
        given["IdentityId"],
        ReadOnlyCredentials(
            credentials["AccessKeyId"], credentials["SecretKey"], credentials["SessionToken"]
        ),
    )


def new_guest(cognito: CognitoIdentity) -> Guest:
    identity = cognito.call("GetId", {"IdentityPoolId": LOCAL_POOL_ID})
    return guest_of(cognito.call("GetCredentialsForIdentity", identity))


# --- by rule


class Door:
    """An authorization, and a guest who may come through it."""

    def __init__(self, auth: Auth) -> None:
        self.clock = FakeClock(NOW)
        cognito = CognitoIdentity(self.clock)
        self.guest = new_guest(cognito)
        self.authorization = Authorization(signature_check(cognito, FUNCTIONS, self.clock), auth)

    def signed(self, **options: Any) -> str:
        """Return a query that the guest signs."""
        key, secret, token = self.guest.credentials[:3]
        of_guest: dict[str, Any] = {"key": key, "secret": secret, "token": token}
        return presigned([("sessionId", "mine")], NOW, **(of_guest | options))

    def connect(self, query: str) -> Any:
        return self.authorization.connecting_identity(upgrade(query))

    def manage(self, query: str) -> None:
        """Check a call of the management API that is signed in its address."""
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/Prod",
            "raw_path": b"/Prod",
            "query_string": query.encode(),
            "headers": [(b"host", HOST.encode())],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        asyncio.run(self.authorization.check_management(Request(scope, receive)))


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a wrong secret": ({"secret": "wrong"}, "InvalidSignatureException"),
    "no session token": ({"token": None}, "UnrecognizedClientException"),
}


@pytest.mark.parametrize("auth", ["none", "iam"])
def test_a_guest_is_recognized(auth: Literal["none", "iam"]) -> None:
    door = Door(auth)
    identity = door.connect(door.signed())

    assert identity["cognitoIdentityId"] == door.guest.identity_id
    assert identity["cognitoIdentityPoolId"] == LOCAL_POOL_ID
    assert identity["cognitoAuthenticationType"] == "unauthenticated"


@pytest.mark.parametrize("auth", ["none", "iam"])
@pytest.mark.parametrize("wrong", WRONG)
def test_a_guests_wrong_signature_is_refused(auth: Literal["none", "iam"], wrong: str) -> None:
    door = Door(auth)
    options, code = WRONG[wrong]
    with pytest.raises(ServiceError) as refused:
        door.connect(door.signed(**options))
    assert (refused.value.status, refused.value.code) == (403, code)


@pytest.mark.parametrize("auth", ["none", "iam"])
def test_expired_credentials_are_refused(auth: Literal["none", "iam"]) -> None:
    door = Door(auth)
    query = door.signed(expires=str(3 * CREDENTIALS_SECONDS))
    door.clock.advance(CREDENTIALS_SECONDS)
    with pytest.raises(ServiceError) as refused:
        door.connect(query)
    assert (refused.value.status, refused.value.code) == (403, "ExpiredTokenException")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("sessionId=mine", "MissingAuthenticationTokenException"),
        (presigned([], NOW, key="ASIAELSEWHERE"), "UnrecognizedClientException"),
    ],
)
def test_unknown_callers_are_let_in_only_without_iam(query: str, code: str) -> None:
    assert Door("none").connect(query) == {}

    with pytest.raises(ServiceError) as refused:
        Door("iam").connect(query)
    assert (refused.value.status, refused.value.code) == (403, code)


def test_a_lambda_function_is_no_guest() -> None:
    query = presigned([], NOW, key="local", secret="local secret", token=None)
    assert Door("iam").connect(query) == {}


def test_only_lambda_functions_manage_connections() -> None:
    door = Door("iam")
    door.manage(presigned([], NOW, key="local", secret="local secret", token=None))

    for query, code in (
        (door.signed(), "AccessDeniedException"),
        ("", "MissingAuthenticationTokenException"),
        (presigned([], NOW, key="ASIAELSEWHERE"), "UnrecognizedClientException"),
        (presigned([], NOW, key="local", secret="wrong"), "InvalidSignatureException"),
    ):
        with pytest.raises(ServiceError) as refused:
            door.manage(query)
        assert (refused.value.status, refused.value.code) == (403, code)


def test_without_iam_anyone_manages_connections() -> None:
    door = Door("none")
    for query in ("", door.signed(), door.signed(secret="wrong")):
        door.manage(query)


# --- on running stacks


class Site(NamedTuple):
    """A running stack, with boto3 clients of it."""

    origin: str
    cognito: Any
    dynamodb: Any

    def guest(self) -> Guest:
        identity = self.cognito.get_id(IdentityPoolId=LOCAL_POOL_ID)["IdentityId"]
        return guest_of(self.cognito.get_credentials_for_identity(IdentityId=identity))

    def unsigned(self, session_id: str) -> str:
        """Return the address of $connect for a session."""
        return presigning.with_session(endpoint(self.origin), session_id)

    def signed(self, guest: Guest, session_id: str | None = None, **changed: str | None) -> str:
        """Return the same, signed by a guest as Lex Web UI signs, with changed credentials."""
        return signed(self.origin, guest, session_id, **changed)

    def owner_of(self, session_id: str) -> str | None:
        row = self.dynamodb.get_item(
            TableName=stack.SESSION_TABLE, Key={"sessionId": {"S": session_id}}, ConsistentRead=True
        )["Item"]
        owner: str | None = row.get("owner", {}).get("S")
        return owner


def endpoint(origin: str) -> str:
    return f"{origin.replace('http', 'ws', 1)}/Prod"


def signed(origin: str, guest: Guest, session_id: str | None = None, **changed: str | None) -> str:
    credentials = guest.credentials._replace(**changed)
    return presigning.signed(endpoint(origin), session_id or guest.identity_id, credentials, REGION)


@contextmanager
def site(origin: str) -> Iterator[Site]:
    with (
        closing(client("cognito-identity", origin)) as cognito,
        closing(client("dynamodb", origin)) as dynamodb,
    ):
        yield Site(origin, cognito, dynamodb)


@pytest.fixture(scope="module")
def iam() -> Iterator[Site]:
    """A stack that asks for signatures."""
    with running_stack(auth="iam") as origin, site(origin) as iam_stack:
        yield iam_stack


@pytest.fixture(scope="module")
def none(stack_url: str) -> Iterator[Site]:
    """A stack that asks for none."""
    with site(stack_url) as open_stack:
        yield open_stack


@pytest.fixture(params=["none", "iam"])
def either(request: pytest.FixtureRequest) -> Site:
    found: Site = request.getfixturevalue(request.param)
    return found


def new_session() -> str:
    """Return the id of a session that no other test has; all stacks share one table."""
    return f"authorization-{uuid.uuid4().hex}"


def connected(url: str) -> AbstractContextManager[ClientConnection]:
    return connect(url, proxy=None, compression=None, open_timeout=20)


def refusal(url: str) -> Response:
    with pytest.raises(InvalidStatus) as refused, connected(url):
        pass
    return refused.value.response


def test_a_guest_owns_its_session(either: Site) -> None:
    guest = either.guest()
    for session_id in (guest.identity_id, new_session()):
        with connected(either.signed(guest, session_id)):
            assert either.owner_of(session_id) == guest.identity_id


def test_an_unsigned_clients_session_has_no_owner(none: Site) -> None:
    session_id = new_session()
    with connected(none.unsigned(session_id)):
        assert none.owner_of(session_id) is None


def test_a_page_for_aws_connects_without_iam(none: Site) -> None:
    elsewhere = Guest(new_session(), ReadOnlyCredentials("ASIAELSEWHERE", "secret", "token"))
    with connected(none.signed(elsewhere)):
        assert none.owner_of(elsewhere.identity_id) is None


def test_a_client_is_refused_with_the_reason(iam: Site) -> None:
    for url, code in (
        (iam.signed(iam.guest(), secret_key="another"), "InvalidSignatureException"),
        (iam.unsigned(new_session()), "MissingAuthenticationTokenException"),
    ):
        response = refusal(url)
        assert (response.status_code, response.headers["x-amzn-ErrorType"]) == (403, code)


def test_anothers_identity_is_refused(either: Site) -> None:
    other = either.guest()

    assert refusal(either.signed(either.guest(), other.identity_id)).status_code == 403


def test_anothers_session_is_refused(either: Site) -> None:
    session_id = new_session()
    with connected(either.signed(either.guest(), session_id)):
        assert refusal(either.signed(either.guest(), session_id)).status_code == 403


def test_boto3_is_told_who_may_manage_connections(iam: Site) -> None:
    guest = iam.guest().credentials
    functions = ReadOnlyCredentials(stack.ACCESS_KEY_ID, stack.SECRET_ACCESS_KEY, None)
    for credentials, status, code in (
        (guest, 403, "AccessDeniedException"),
        (functions, 410, "GoneException"),
    ):
        session = boto3.Session(*credentials[:3], region_name=REGION)
        with closing(
            session.client(
                "apigatewaymanagementapi",
                endpoint_url=f"{iam.origin}/Prod",
                config=Config(retries={"total_max_attempts": 1}),
            )
        ) as management:
            with pytest.raises(management.exceptions.ClientError) as refused:
                management.post_to_connection(ConnectionId="L0SM9cOFvHcCIhw=", Data=b"x")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert refused.value.response["Error"]["Code"] == code
