"""The API of a running stack, by the clients that people use."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from gql import Client, GraphQLRequest
from gql.transport.appsync_auth import AppSyncApiKeyAuthentication
from gql.transport.appsync_websockets import AppSyncWebsocketsTransport
from gql.transport.exceptions import TransportQueryError, TransportServerError
from gql.transport.httpx import HTTPXAsyncTransport

from tests.npm import link_packages
from tests.stack_fixture import QUESTION
from websocket_stack.local.graphql_chat import API_KEY

pytestmark = pytest.mark.slow

ASK = """
mutation A($chatId: String!, $prompt: String!) {
  ask(chatId: $chatId, prompt: $prompt) { chatId data }
}
"""
CHAT = """
subscription C($chatId: String!) {
  chat(chatId: $chatId) { chatId data kind seq messageId }
}
"""
STATE = "query S($chatId: String!) { chatState(chatId: $chatId) { text kind } }"
NODE = Path(__file__).parent / "amplify"


def realtime(stack_url: Any, api_key: Any = API_KEY) -> Any:
    host = stack_url.partition("://")[2]
    return Client(
        transport=AppSyncWebsocketsTransport(
            url=f"ws://{host}/graphql/realtime",
            auth=AppSyncApiKeyAuthentication(host=host, api_key=api_key),
        )
    )


def over_http(stack_url: Any, api_key: Any = API_KEY) -> Any:
    headers = {"x-api-key": api_key} if api_key else {}
    transport = HTTPXAsyncTransport(url=f"{stack_url}/graphql", headers=headers, timeout=60)
    return Client(transport=transport)


def request(document: Any, **variables: Any) -> Any:
    return GraphQLRequest(document, variable_values=variables)


async def reply(session: Any, chat_id: Any) -> Any:
    """Return what a subscriber hears of one reply."""
    heard = []
    async for answer in session.subscribe(request(CHAT, chatId=chat_id)):
        heard.append(answer["chat"])
        if heard[-1]["kind"] != "delta":
            break
    return heard


async def subscribed(session: Any) -> None:
    """Return once what was subscribed to before is: a socket's frames are taken in order."""
    with pytest.raises(TransportQueryError, match="FieldUndefined"):
        async for _ in session.subscribe(request("subscription { nothing }")):
            pass


async def ask(stack_url: Any, chat_id: Any, prompt: Any = QUESTION) -> Any:
    async with over_http(stack_url) as session:
        return await session.execute(request(ASK, chatId=chat_id, prompt=prompt))


def text_of(heard: Any) -> Any:
    return "".join(chat["data"] for chat in heard)


def test_two_subscribers_hear_the_reply_while_ask_runs(stack_url: str) -> None:
    chat_id = uuid4().hex

    async def play() -> Any:
        async with realtime(stack_url) as one, realtime(stack_url) as two:
            listening = [asyncio.create_task(reply(each, chat_id)) for each in (one, two)]
            await subscribed(one)
            await subscribed(two)
            asked = asyncio.create_task(ask(stack_url, chat_id))
            heard = await asyncio.gather(*listening)
            return heard, await asked

    (first, second), asked = asyncio.run(play())
    assert asked == {"ask": None}
    assert first == second
    assert "lighthouse keeper" in text_of(first)
    assert len(first) > 2
    at = 0
    for chat in first[:-1]:
        assert chat["seq"] == at
        at += len(chat["data"])
    assert (first[-1]["kind"], first[-1]["data"]) == ("done", "")


def test_two_chats_at_once_are_each_their_own(stack_url: str) -> None:
    chat_ids = [uuid4().hex, uuid4().hex]

    async def play() -> Any:
        async with realtime(stack_url) as session:
            listening = [asyncio.create_task(reply(session, each)) for each in chat_ids]
            await subscribed(session)
            await asyncio.gather(*(ask(stack_url, each) for each in chat_ids))
            return await asyncio.gather(*listening)

    for chat_id, heard in zip(chat_ids, asyncio.run(play()), strict=True):
        assert {chat["chatId"] for chat in heard} == {chat_id}
        assert heard[-1]["kind"] == "done"


def test_what_was_missed_can_be_looked_up(stack_url: str) -> None:
    chat_id = uuid4().hex

    async def play() -> Any:
        await ask(stack_url, chat_id)
        async with over_http(stack_url) as session:
            return await session.execute(request(STATE, chatId=chat_id))

    state = asyncio.run(play())["chatState"]
    assert "lighthouse keeper" in state["text"]
    assert state["kind"] == "done"


def test_send_is_refused_with_the_key(stack_url: str) -> None:
    async def play() -> None:
        async with over_http(stack_url) as session:
            await session.execute(request('mutation { send(chatId: "c", data: "d") { data } }'))

    with pytest.raises(TransportQueryError) as refused:
        asyncio.run(play())
    assert refused.value.errors and refused.value.errors[0]["errorType"] == "Unauthorized"


def test_a_builders_error_is_told(stack_url: str) -> None:
    with pytest.raises(TransportQueryError) as refused:
        asyncio.run(ask(stack_url, uuid4().hex, prompt=" "))
    assert refused.value.errors and refused.value.errors[0]["errorType"] == "InvalidPrompt"


def test_a_wrong_key_is_refused(stack_url: str) -> None:
    async def play() -> None:
        async with realtime(stack_url, "da2-wrong") as session:
            await reply(session, "c")

    with pytest.raises(TransportServerError, match="UnauthorizedException"):
        asyncio.run(play())


@pytest.mark.parametrize(
    ("headers", "body", "status", "kind", "message"),
    [
        ({}, "{}", 401, "UnauthorizedException", "Valid authorization header not provided."),
        ({"x-api-key": "x"}, "{}", 401, "UnauthorizedException", "You are not authorized"),
        ({"x-api-key": API_KEY}, "{", 400, "MalformedHttpRequestException", "Invalid JSON"),
        ({"x-api-key": API_KEY}, "{}", 400, "MalformedHttpRequestException", "can't be null"),
        ({"x-api-key": API_KEY}, '{"query":" "}', 400, "MalformedHttpRequestException", "empty"),
        ({"x-api-key": API_KEY}, '{"query":"{"}', 400, "MalformedHttpRequestException", "parse"),
        (
            {"authorization": "AWS4-HMAC-SHA256 Credential=x"},
            '{"query":"{ping}"}',
            403,
            "",
            "",
        ),
    ],
)
def test_requests_that_are_not_run(
    stack_url: str, headers: dict[str, str], body: str, status: int, kind: str, message: str
) -> None:
    response = httpx.post(f"{stack_url}/graphql", content=body, headers=headers)
    (error,) = response.json()["errors"]
    assert response.status_code == status
    assert kind in error["errorType"] == response.headers["x-amzn-ErrorType"]
    assert message in error["message"]


@pytest.fixture(scope="session")
def amplify(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a folder with Amplify's JavaScript client in it."""
    folder = tmp_path_factory.mktemp("amplify")
    shutil.copytree(NODE, folder, dirs_exist_ok=True)
    link_packages(folder)
    return folder


@pytest.mark.ci
def test_amplify_does_the_same(stack_url: str, amplify: Any) -> None:
    command = ["node", "chat.mjs", stack_url, API_KEY, uuid4().hex, QUESTION]
    run = subprocess.run(command, cwd=amplify, capture_output=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr.decode()
    heard = json.loads(run.stdout)
    assert heard["asked"] == {"data": {"ask": None}}
    assert "lighthouse keeper" in heard["text"]
    assert heard["frames"] > 2
    assert heard["refused"] == "Unauthorized"
