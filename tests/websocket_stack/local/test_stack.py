"""The parts together: one turn from the browser's question to its reply, and what is around it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from threading import Event
from typing import Any, Literal

import pytest
from botocore.credentials import ReadOnlyCredentials
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from websockets.sync.client import ClientConnection, connect

from fulfillment.testing import ScriptedModel
from tests.stack_fixture import (
    PASSAGE,
    QUESTION,
    client,
    connection_of,
    running_stack,
    session,
    wait_until_unregistered,
)
from websocket_stack.local import stack
from websocket_stack.local.bedrock import routes as bedrock_routes
from websocket_stack.local.cognito.service import LOCAL_POOL_ID
from websocket_stack.smoke import presigning

pytestmark = pytest.mark.slow


def call(origin: str, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    with closing(HTTPConnection(origin.partition("://")[2], timeout=20)) as connection:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()


@contextmanager
def browser(origin: str, session_id: str) -> Iterator[ClientConnection]:
    url = f"{origin.replace('http', 'ws', 1)}/Prod?sessionId={session_id}"
    with connect(url, proxy=None, compression=None, open_timeout=20) as websocket:
        yield websocket


def as_lex_web_ui(origin: str) -> dict[str, Any]:
    """Return the session state that Lex Web UI sends while its socket is open."""
    return {
        "sessionAttributes": {"streamingEndpoint": f"{origin}/Prod", "streamingDynamoDbTable": ""}
    }


def frames_so_far(websocket: ClientConnection) -> list[str]:
    frames = []
    while True:
        try:
            frames.append(str(websocket.recv(timeout=0.2)))
        except TimeoutError:
            return frames


def reply(response: dict[str, Any]) -> str:
    return "".join(message["content"] for message in response["messages"])


# --- a turn


def test_a_turn_streams_and_returns_its_reply(stack_url: str, lex: Any) -> None:
    with browser(stack_url, "turn-1") as websocket:
        response = lex.recognize_text(
            **session("turn-1"), text=QUESTION, sessionState=as_lex_web_ui(stack_url)
        )
        frames = frames_so_far(websocket)

    assert PASSAGE.text in reply(response)
    # How many there are is for the machine to say: those that come late are left to the reply.
    assert reply(response).startswith("".join(frames))
    assert response["sessionState"]["sessionAttributes"]["streamingEndpoint"] == f"{stack_url}/Prod"


def test_frames_arrive_while_the_model_still_writes() -> None:
    seen = Event()
    model = ScriptedModel(["Once upon ", "a time ", seen, "there was an end."])
    with (
        running_stack(model_routes=bedrock_routes.routes(model)) as origin,
        closing(client("lexv2-runtime", origin)) as lex,
        browser(origin, "turn-2") as websocket,
        ThreadPoolExecutor(1) as pool,
    ):
        turn = pool.submit(
            lex.recognize_text,
            **session("turn-2"),
            text="Tell me a story",
            sessionState=as_lex_web_ui(origin),
        )
        try:
            text = ""
            while text != "Once upon a time ":
                text += str(websocket.recv(timeout=20))
            # The model waits for this test, so there is no reply yet.
            assert not turn.done()
        finally:
            seen.set()
        assert reply(turn.result(20)) == "Once upon a time there was an end."
        # Prompts hold what was asked, and nothing of the local stack.
        assert [each.messages[-1].text for each in model.prompts] == ["Tell me a story"]


def test_a_client_without_streaming_gets_no_frames(stack_url: str, lex: Any) -> None:
    with browser(stack_url, "turn-3") as websocket:
        response = lex.recognize_text(**session("turn-3"), text=QUESTION)
        assert frames_so_far(websocket) == []
    assert PASSAGE.text in reply(response)


def test_a_turn_without_a_connection_has_its_reply(stack_url: str, lex: Any) -> None:
    response = lex.recognize_text(
        **session("turn-4"), text=QUESTION, sessionState=as_lex_web_ui(stack_url)
    )

    assert PASSAGE.text in reply(response)


def test_another_session_sees_nothing_of_a_turn(stack_url: str, lex: Any) -> None:
    with browser(stack_url, "turn-5") as own, browser(stack_url, "turn-6") as other:
        lex.recognize_text(
            **session("turn-5"), text=QUESTION, sessionState=as_lex_web_ui(stack_url)
        )
        assert frames_so_far(own)
        assert frames_so_far(other) == []


def test_a_sessions_row_comes_and_goes(stack_url: str, dynamodb: Any) -> None:
    with browser(stack_url, "turn-7"):
        assert connection_of(dynamodb, "turn-7")
    wait_until_unregistered(dynamodb, "turn-7")


def test_a_model_that_breaks_leaves_what_it_wrote(stack_url: str, lex: Any) -> None:
    response = lex.recognize_text(**session("turn-8"), text="break")

    assert reply(response).startswith("Once upon a time")
    assert response["sessionState"]["dialogAction"] == {"type": "Close"}


def test_a_model_that_refuses_fails_the_turn_in_words(stack_url: str, lex: Any) -> None:
    response = lex.recognize_text(**session("turn-9"), text="refuse")

    assert response["sessionState"]["intent"]["state"] == "Failed"
    assert reply(response).startswith("Sorry")


# --- around the turn


def test_health_says_what_is_running(stack_url: str) -> None:
    status, headers, body = call(stack_url, "GET", "/health")

    assert status == 200
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {
        "status": "ok",
        "model": "demo",
        "auth": "none",
        "sessionTable": "lex-streaming-sessions",
        "streamingEndpoint": f"{stack_url}/Prod",
        "taskTable": "lex-streaming-tasks",
        "tasksEndpoint": f"{stack_url}/dev",
    }


def test_the_root_is_the_page_and_dynamodb(stack_url: str, dynamodb: Any) -> None:
    status, headers, _ = call(stack_url, "GET", "/")

    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert stack.SESSION_TABLE in dynamodb.list_tables()["TableNames"]


def test_another_service_is_not_at_the_root(stack_url: str) -> None:
    for headers in ({}, {"X-Amz-Target": "AmazonSNS.Publish"}):
        status, answered, _ = call(stack_url, "POST", "/", **headers)
        assert (status, answered["x-amzn-errortype"]) == (404, "UnknownOperationException")


def test_a_lambda_finds_every_service_at_the_stack() -> None:
    environment = stack.lambda_environment("http://127.0.0.1:8000", {})

    assert environment["AWS_ENDPOINT_URL_DYNAMODB"] == "http://127.0.0.1:8000"
    assert environment["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == "http://127.0.0.1:8000"
    assert environment["STREAMING_ENDPOINT"] == "http://127.0.0.1:8000/Prod"
    assert environment["SESSION_TABLE"] == stack.SESSION_TABLE
    assert environment["CONVERSATION_TABLE"] == stack.CONVERSATION_TABLE


def test_a_lambda_gets_settings_but_no_credentials() -> None:
    caller = {
        "TURN_SECONDS": "5",
        "SESSION_TABLE": "a table on AWS",
        "STREAMING_ENDPOINT": "https://a.b/Prod",
        "AWS_ACCESS_KEY_ID": "CALLER",
        "AWS_SECRET_ACCESS_KEY": "caller's secret",
        "AWS_SESSION_TOKEN": "caller's token",
        "AWS_PROFILE": "caller",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": "https://elsewhere",
    }
    environment = stack.lambda_environment("http://127.0.0.1:8000", caller)

    assert environment["TURN_SECONDS"] == "5"
    assert environment["SESSION_TABLE"] == stack.SESSION_TABLE
    assert environment["STREAMING_ENDPOINT"] == "http://127.0.0.1:8000/Prod"
    assert not {"AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"} & set(environment)
    assert "CALLER" not in str(environment) and "caller" not in str(environment)
    assert environment["AWS_REGION"] == "us-east-1"


def test_a_lambda_reaches_the_stack_past_a_proxy() -> None:
    environment = stack.lambda_environment("http://127.0.0.1:8000", {"NO_PROXY": "example.com"})

    assert environment["NO_PROXY"] == "example.com,127.0.0.1,localhost,::1"
    assert environment["no_proxy"] == environment["NO_PROXY"]


@pytest.mark.parametrize(("auth", "allowed"), [("none", "true"), ("iam", "false")])
def test_anonymous_clients_register_only_without_iam(
    auth: Literal["none", "iam"], allowed: str
) -> None:
    environment = stack.lambda_environment("http://127.0.0.1:8000", {}, auth)
    assert environment["ALLOW_ANONYMOUS"] == allowed


def test_further_routes_come_last() -> None:
    async def other(request: Request) -> Response:
        return Response(b"the other")

    with running_stack(further_routes=[Route("/{name}", other)]) as origin:
        assert call(origin, "GET", "/other")[2] == b"the other"
        assert b"the other" not in call(origin, "GET", "/health")[2]


def test_a_guest_is_streamed_to_with_iam() -> None:
    with running_stack(auth="iam") as origin:
        with closing(client("cognito-identity", origin)) as cognito:
            identity = cognito.get_id(IdentityPoolId=LOCAL_POOL_ID)["IdentityId"]
            given = cognito.get_credentials_for_identity(IdentityId=identity)["Credentials"]
        credentials = ReadOnlyCredentials(
            given["AccessKeyId"], given["SecretKey"], given["SessionToken"]
        )
        url = presigning.signed(
            f"{origin.replace('http', 'ws', 1)}/Prod", identity, credentials, "us-east-1"
        )
        with (
            connect(url, proxy=None, max_queue=None) as socket,
            closing(client("lexv2-runtime", origin)) as lex,
        ):
            response = lex.recognize_text(
                **session(identity), text=QUESTION, sessionState=as_lex_web_ui(origin)
            )
            frames = frames_so_far(socket)
    assert len(frames) > 3
    assert reply(response).startswith("".join(frames))
