"""Chats of signed-in clients on the local stack: with IAM, and with tokens of an issuer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from gql import Client, GraphQLRequest
from gql.transport.appsync_auth import AppSyncIAMAuthentication, AppSyncJWTAuthentication
from gql.transport.appsync_websockets import AppSyncWebsocketsTransport
from gql.transport.exceptions import TransportQueryError
from jwt.algorithms import ECAlgorithm
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.stack_fixture import OF_FUNCTIONS, QUESTION, client, running_app, running_stack

pytestmark = pytest.mark.slow

ISSUER = "https://issuer.example/pool"
STATE = 'query Q { chatState(chatId: "%s") { text kind } }'
ASK = 'mutation A { ask(chatId: "%s", prompt: "%s") { data } }'
SEND = 'mutation S { send(chatId: "%s", data: "Boo!") { data } }'
CHAT = 'subscription C { chat(chatId: "%s") { data kind } }'
HEARS_SECONDS = 30


async def heard(auth: Any, origin: str, chat_id: str) -> str:
    """Return the text of the reply that a subscriber hears, which it asks for itself."""
    host = origin.partition("://")[2]
    transport = AppSyncWebsocketsTransport(url=f"ws://{host}/graphql/realtime", auth=auth)
    text, kind = "", "delta"
    async with Client(transport=transport) as session, asyncio.timeout(HEARS_SECONDS):
        answers = session.subscribe(GraphQLRequest(CHAT % chat_id))
        first = asyncio.ensure_future(anext(answers))
        # A socket's frames are taken in order, and this one is answered.
        with pytest.raises(TransportQueryError, match="FieldUndefined"):
            async for _ in session.subscribe(GraphQLRequest("subscription { nothing }")):
                pass
        body = json.dumps({"query": ASK % (chat_id, QUESTION)})
        headers = {name: value for name, value in auth.get_headers(body).items() if name != "host"}
        async with httpx.AsyncClient(timeout=HEARS_SECONDS) as http:
            asked = await http.post(f"{origin}/graphql", content=body, headers=headers)
        assert asked.json() == {"data": {"ask": None}}, asked.text
        chat = (await first)["chat"]
        while chat["kind"] == "delta":
            text += chat["data"]
            chat = (await anext(answers))["chat"]
        kind = chat["kind"]
        await answers.aclose()
    assert kind == "done"
    return text


# --- tokens


@pytest.fixture(scope="module")
def key() -> Any:
    return generate_private_key(SECP256R1())


@pytest.fixture(scope="module", params=["OPENID_CONNECT", "AMAZON_COGNITO_USER_POOLS"])
def with_tokens(request: pytest.FixtureRequest, key: Any) -> Iterator[Any]:
    """A stack whose chats are of those who have tokens."""
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": "one"}

    async def keys(_: Any) -> Any:
        return JSONResponse({"keys": [public | {"alg": "ES256", "use": "sig"}]})

    with running_app(Starlette(routes=[Route("/keys", keys), Route("/health", keys)])) as issuer:
        environ = {
            "FLUSH_INTERVAL_SECONDS": "0.02",
            "GRAPHQL_SIGN_IN": request.param,
            "JWT_ISSUER": ISSUER,
            "JWT_AUDIENCE": "web",
            "JWT_KEYS_URL": f"{issuer}/keys",
        }
        with running_stack(environ=environ) as origin:
            yield origin


def token(key: Any, subject: str, lives_seconds: float = 600) -> str:
    claims = {"iss": ISSUER, "aud": "web", "sub": subject, "exp": time.time() + lives_seconds}
    return jwt.encode(claims, key, "ES256", headers={"kid": "one"})


def answer(origin: str, authorization: str, query: str) -> tuple[int, Any]:
    headers = {"authorization": authorization}
    response = httpx.post(f"{origin}/graphql", json={"query": query}, headers=headers, timeout=60)
    return response.status_code, response.json()


def error_of(answered: tuple[int, Any]) -> tuple[int, str, str]:
    status, body = answered
    return status, body["errors"][0]["errorType"], body["errors"][0]["message"]


def test_a_chat_is_its_first_users(with_tokens: Any, key: Any) -> None:
    chat_id, mine, yours = uuid4().hex, token(key, "ada"), token(key, "bob")
    auth = AppSyncJWTAuthentication(host=with_tokens.partition("://")[2], jwt=mine)
    assert "lighthouse keeper" in asyncio.run(heard(auth, with_tokens, chat_id))
    assert answer(with_tokens, mine, STATE % chat_id)[1]["data"]["chatState"]["kind"] == "done"
    for query in (STATE % chat_id, ASK % (chat_id, "Hi")):
        status, kind, _ = error_of(answer(with_tokens, yours, query))
        assert (status, kind) == (200, "Unauthorized")


def test_nobody_else_may_subscribe(with_tokens: Any, key: Any) -> None:
    chat_id = uuid4().hex
    answer(with_tokens, token(key, "ada"), STATE % chat_id)
    host = with_tokens.partition("://")[2]
    stranger = AppSyncJWTAuthentication(host=host, jwt=token(key, "bob"))

    async def subscribe() -> None:
        url = f"ws://{host}/graphql/realtime"
        async with Client(transport=AppSyncWebsocketsTransport(url=url, auth=stranger)) as session:
            with pytest.raises(TransportQueryError, match="this chat is not yours"):
                async for _ in session.subscribe(GraphQLRequest(CHAT % chat_id)):
                    pass

    asyncio.run(subscribe())


def test_a_token_has_to_be_good(with_tokens: Any, key: Any) -> None:
    expired = error_of(answer(with_tokens, token(key, "ada", -600), STATE % "c"))
    assert expired == (401, "UnauthorizedException", "Token has expired.")
    forged = token(generate_private_key(SECP256R1()), "ada")
    assert error_of(answer(with_tokens, forged, STATE % "c"))[:2] == (401, "UnauthorizedException")


def test_a_token_does_not_send(with_tokens: Any, key: Any) -> None:
    status, kind, _ = error_of(answer(with_tokens, token(key, "ada"), SEND % "c"))
    assert (status, kind) == (200, "Unauthorized")


# --- IAM


@pytest.fixture(scope="module")
def with_iam() -> Iterator[Any]:
    environ = {"FLUSH_INTERVAL_SECONDS": "0.02", "GRAPHQL_SIGN_IN": "AWS_IAM"}
    with running_stack(environ=environ) as origin:
        yield origin


def guest(origin: str) -> Credentials:
    """Return the credentials of a new guest of the local identity pool."""
    with closing(client("cognito-identity", origin)) as cognito:
        identity = cognito.get_id(IdentityPoolId="us-east-1:00000000-0000-0000-0000-000000000000")
        answered = cognito.get_credentials_for_identity(IdentityId=identity["IdentityId"])
    made = answered["Credentials"]
    return Credentials(made["AccessKeyId"], made["SecretKey"], made["SessionToken"])


def signed_answer(origin: str, credentials: Credentials, query: str) -> tuple[int, Any]:
    body = httpx.Request("POST", origin, json={"query": query}).content
    request = AWSRequest("POST", f"{origin}/graphql", data=body)
    SigV4Auth(credentials, "appsync", "us-east-1").add_auth(request)
    headers = dict(request.prepare().headers)
    response = httpx.post(f"{origin}/graphql", content=body, headers=headers, timeout=60)
    return response.status_code, response.json()


def test_a_guests_chat_is_that_guests(with_iam: Any) -> None:
    chat_id, mine, yours = uuid4().hex, guest(with_iam), guest(with_iam)
    auth = AppSyncIAMAuthentication(
        host=with_iam.partition("://")[2], credentials=mine, region_name="us-east-1"
    )
    assert "lighthouse keeper" in asyncio.run(heard(auth, with_iam, chat_id))
    state = signed_answer(with_iam, mine, STATE % chat_id)[1]["data"]["chatState"]
    assert state["kind"] == "done"
    status, kind, _ = error_of(signed_answer(with_iam, yours, STATE % chat_id))
    assert (status, kind) == (200, "Unauthorized")


def test_a_guest_does_not_send(with_iam: Any) -> None:
    sent = signed_answer(with_iam, guest(with_iam), SEND % "c")
    assert error_of(sent)[1] == "Unauthorized"
    functions = Credentials(*OF_FUNCTIONS)
    assert signed_answer(with_iam, functions, SEND % "c")[1]["data"] == {"send": {"data": "Boo!"}}


def test_a_key_is_of_no_use_there(with_iam: Any) -> None:
    headers = {"x-api-key": "da2-local0000000000000000000"}
    answered = httpx.post(f"{with_iam}/graphql", json={"query": STATE % "c"}, headers=headers)
    assert answered.status_code == 401
