"""The real-time protocol, with the frames that real clients sent."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from websocket_stack.graphql.schema import schema
from websocket_stack.local.appsync.authorization import Callers
from websocket_stack.local.appsync.realtime import MAX_SUBSCRIPTIONS, Client, header_of
from websocket_stack.local.appsync.resolvers import echo
from websocket_stack.local.appsync.service import GraphQlApi

pytestmark = pytest.mark.slow

API_KEY = "da2-fakeApiId123456"
# Recorded of Amplify 6.22.1, gql 4.4.0, and clients written by hand.
RECORDED = json.loads((Path(__file__).parent / "frames.json").read_text("utf-8"))
SEND = """mutation($chatId: String!, $data: String!) {
  send(chatId: $chatId, data: $data) { chatId data }
}"""
ACK = {"type": "connection_ack", "payload": {"connectionTimeoutMs": 300_000}}
KEEP_ALIVE = {"type": "ka"}


class Conversation:
    """One client on one socket of an API of its own."""

    def __init__(self, path: Any = "/graphql", protocols: Any = "") -> None:
        self.api = GraphQlApi(schema(), {"Mutation.send": echo})
        self.heard: list[Any] = []
        query = dict(parse_qsl(urlsplit(path).query))
        offered = [each.strip() for each in protocols.split(",")]
        header = header_of(query, offered, {})
        self.client = Client(self.api, Callers(api_key=API_KEY), header, self._send)

    async def _send(self, frame: Any) -> None:
        self.heard.append(frame)

    async def say(self, *frames: Any) -> Any:
        """Return whether the connection goes on after each frame."""
        return [
            await self.client.receive(frame if isinstance(frame, str) else json.dumps(frame))
            for frame in frames
        ]

    async def publish(self, data: Any = "Hello", chat_id: Any = "c1") -> Any:
        request = {"query": SEND, "variables": {"chatId": chat_id, "data": data}}
        return await self.api.query(request, "iam", {})


def played(case: Any, *after: Any) -> Any:
    """Return what a recorded client hears, and what comes when a chat's text is sent after it."""

    async def play() -> Any:
        recorded = RECORDED[case]
        conversation = Conversation(recorded["path"], recorded["protocols"])
        goes_on = await conversation.say(*recorded["frames"])
        await conversation.publish()
        await conversation.publish(chat_id="c2")
        return conversation.heard, goes_on[-1]

    return asyncio.run(play())


def data_of(name: Any, **chat: Any) -> Any:
    return {"type": "data", "id": name, "payload": {"data": chat}}


@pytest.mark.parametrize("case", ["amplify-happy (amplify-tls)", "gql-happy (gql)"])
def test_a_real_client_subscribes_and_stops(case: str) -> None:
    heard, _ = played(case)
    name = RECORDED[case]["frames"][-1]["id"]
    assert heard == [
        ACK,
        KEEP_ALIVE,
        {"type": "start_ack", "id": name},
        {"type": "complete", "id": name},
    ]


@pytest.mark.parametrize(
    ("case", "chat"),
    [
        ("ws-literal-argument (raw)", {"chat": {"chatId": "c1", "data": "Hello"}}),
        ("ws-alias (raw)", {"mine": {"d": "Hello"}}),
        ("ws-fragment (raw)", {"chat": {"__typename": "ChatPayload", "data": "Hello"}}),
    ],
)
def test_a_subscriber_has_what_it_selected_of_its_own_chat(case: str, chat: dict[str, Any]) -> None:
    heard, _ = played(case)
    assert heard[2:] == [{"type": "start_ack", "id": "1"}, data_of("1", **chat)]


@pytest.mark.parametrize(
    ("case", "error"),
    [
        (
            "gql-validation-error (gql)",
            {
                "message": "Validation error of type FieldUndefined: Field 'nope' in type"
                " 'ChatPayload' is undefined @ 'chat/nope'"
            },
        ),
        (
            "gql-missing-variable (gql)",
            {"message": "Variable 'chatId' has coerced Null value for NonNull type 'String!'"},
        ),
        (
            "ws-null-argument (raw)",
            {"message": "Variable 'chatId' has coerced Null value for NonNull type 'String!'"},
        ),
        (
            "ws-unknown-subscription (raw)",
            {
                "message": "Validation error of type FieldUndefined: Field 'nope' in type"
                " 'Subscription' is undefined @ 'nope'"
            },
        ),
        (
            "ws-start-wrong-key (raw)",
            {
                "errorType": "UnauthorizedException",
                "message": "You are not authorized to make this call.",
            },
        ),
        (
            "ws-query-over-ws (raw)",
            {
                "errorType": "UnsupportedOperation",
                "message": "unknown not supported through the realtime channel",
            },
        ),
    ],
)
def test_what_cannot_be_subscribed_to_is_an_error(case: str, error: dict[str, str]) -> None:
    heard, goes_on = played(case)
    assert heard[2:] == [{"type": "error", "id": "1", "payload": {"errors": [error]}}]
    assert goes_on


def test_a_name_is_for_one_subscription() -> None:
    heard, _ = played("ws-duplicate-id (raw)")
    assert heard[3]["payload"]["errors"][0]["errorType"] == "DuplicatedOperationError"
    assert len([frame for frame in heard if frame["type"] == "data"]) == 1


def test_what_comes_before_the_handshake_is_ignored() -> None:
    assert played("ws-start-without-init (raw)") == ([], True)


def test_a_wrong_key_ends_the_connection() -> None:
    heard, goes_on = played("ws-wrong-key-handshake (raw)")
    (error,) = heard[0]["payload"]["errors"]
    assert (heard[0]["type"], error["errorCode"]) == ("connection_error", 401)
    assert not goes_on


def test_a_start_without_authorization_is_no_start() -> None:
    heard, _ = played("ws-start-no-extensions (raw)")
    assert heard[2]["payload"]["errors"][0]["errorType"] == "UnsupportedOperation"


@pytest.mark.parametrize("frame", ["", "hello", "[]", '{"type":"x"}', "{", '{"type":"start"}'])
def test_nonsense_is_answered_and_harms_nobody(frame: str) -> None:
    async def play() -> Any:
        conversation = Conversation(**_upgrade("gql-happy (gql)"))
        await conversation.say({"type": "connection_init"}, frame)
        return conversation.heard

    heard = asyncio.run(play())
    assert heard[:2] == [ACK, KEEP_ALIVE]
    assert heard[2]["payload"]["errors"][0]["errorType"] == "UnsupportedOperation"


def test_subscriptions_of_a_connection_have_a_limit() -> None:
    recorded = RECORDED["ws-literal-argument (raw)"]
    init, start = recorded["frames"]

    async def play() -> Any:
        conversation = Conversation(**_upgrade("ws-literal-argument (raw)"))
        names = [str(number) for number in range(MAX_SUBSCRIPTIONS + 1)]
        await conversation.say(init, *(start | {"id": name} for name in names))
        conversation.client.leave()
        await conversation.publish()
        return conversation.heard[-1]

    last = asyncio.run(play())
    assert last["payload"]["errors"][0]["errorType"] == "MaxSubscriptionsReachedError"


def _upgrade(case: Any) -> Any:
    return {"path": RECORDED[case]["path"], "protocols": RECORDED[case]["protocols"]}


@pytest.mark.parametrize("place", ["query", "protocol", "headers"])
def test_the_header_may_be_in_three_places(place: str) -> None:
    written = "eyJ4LWFwaS1rZXkiOiJkYTItPz4_In0="  # {"x-api-key":"da2-?>?"}
    found = {
        "query": lambda: header_of({"header": "eyJ4LWFwaS1rZXkiOiJkYTItPz4/In0="}, [], {}),
        "protocol": lambda: header_of({}, ["graphql-ws", f"header-{written.rstrip('=')}"], {}),
        "headers": lambda: header_of({}, ["graphql-ws"], {"x-api-key": "da2-?>?"}),
    }[place]()
    assert found["x-api-key"] == "da2-?>?"
