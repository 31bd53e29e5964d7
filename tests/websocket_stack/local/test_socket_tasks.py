"""Socket tasks and chats on the local stack, as the clients of two older systems speak and read."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from fulfillment.testing import ScriptedModel
from tests.stack_fixture import client, running_stack
from tests.task_clients import (
    EXCHANGES,
    PATIENT_SECONDS,
    read,
    read_message,
    read_tasks,
    say,
    submit,
)
from websocket_stack.local import socket_tasks
from websocket_stack.local.bedrock import routes as bedrock_routes

pytestmark = pytest.mark.slow

TASKS = "tests.websocket_stack.local.demo_tasks"
BOTS = "tests.websocket_stack.local.demo_bots"


@contextmanager
def browser(origin: str, path: str = "/dev") -> Iterator[ClientConnection]:
    url = origin.replace("http", "ws", 1) + path
    with connect(url, proxy=None, compression=None, open_timeout=PATIENT_SECONDS) as socket:
        yield socket


@contextmanager
def stack_of(model: ScriptedModel, **options: Any) -> Iterator[str]:
    with running_stack(model_routes=bedrock_routes.routes(model), **options) as origin:
        yield origin


# --- tasks


@pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)
def test_clients_of_older_systems_go_on_as_before(
    stack_url: str, exchange: Callable[..., None]
) -> None:
    exchange(lambda: browser(stack_url))


def test_three_tasks_share_a_socket() -> None:
    with (
        running_stack(tasks=f"{TASKS}:tasks") as origin,
        browser(origin) as socket,
    ):
        for name in "abc":
            submit(socket, name, "count", name=name, to=200)
        replies = read_tasks(socket, "a", "b", "c")

    for name, reply in replies.items():
        # The worker takes white space off the end.
        assert reply.text.rstrip() == "\n".join(f"{name} {number}" for number in range(200))
        assert reply.output == "Finished"


@pytest.mark.parametrize("message", ['{"action":"sing"}', "[]", "{"])
def test_an_unknown_action_is_forbidden(stack_url: str, message: str) -> None:
    with browser(stack_url) as socket:
        socket.send(message)
        assert read(socket)["message"] == "Forbidden"


def test_a_ping_is_answered(stack_url: str) -> None:
    with browser(stack_url) as socket:
        say(socket, action="ping")
        assert read(socket) == {"action": "pong"}


# --- chats


def test_a_bot_answers_messages() -> None:
    with (
        running_stack(bot=f"{BOTS}:echo") as origin,
        browser(origin) as socket,
    ):
        say(socket, action="sendMessage", prompt="Hello")
        assert read_message(socket) == "The bot says: Hello"


# --- stop, resume, duplicates


def test_nobody_else_has_a_task_that_no_one_signed_in_for() -> None:
    """Without a sign-in, the owner is the connection."""
    gate = threading.Event()
    with stack_of(ScriptedModel(["Once upon ", gate, "a time."])) as origin:
        with browser(origin) as socket, browser(origin) as other:
            submit(socket, "1", "llm-streamer", question="A story")
            read(socket)
            say(other, action="resume", task={"id": "1"})
            assert read(other)["response"]["errorType"] == "Unknown"
            gate.set()
            assert read_tasks(socket, "1")["1"].text == "a time."


def test_a_task_that_comes_twice_asks_once() -> None:
    gate = threading.Event()
    model = ScriptedModel(["Once upon ", gate, "a time."])
    with stack_of(model) as origin, browser(origin) as socket:
        for _ in range(3):
            submit(socket, "1", "llm-streamer", question="A story")
        read(socket)
        gate.set()
        assert read_tasks(socket, "1")["1"].output == "Finished"
        say(socket, action="ping")
        assert read(socket) == {"action": "pong"}

    assert len(model.prompts) == 1


def test_an_event_that_is_delivered_twice_runs_once() -> None:
    model = ScriptedModel("Hello.", repeats=True)
    with stack_of(model) as origin, browser(origin) as socket:
        submit(socket, "1", "llm-streamer", question="A story")
        assert read_tasks(socket, "1")["1"].output == "Finished"
        with closing(client("dynamodb", origin)) as dynamodb:
            items = dynamodb.scan(TableName=socket_tasks.TABLE)["Items"]
        with closing(client("lambda", origin)) as functions:
            for item in items:
                if "phase" in item:
                    data = {"question": "A story"}
                    event = {"run": item["id"]["S"], "type": "llm-streamer", "data": data}
                    response = functions.invoke(
                        FunctionName=f"{socket_tasks.WORKER}:live",
                        InvocationType="Event",
                        Payload=json.dumps(event),
                    )
                    assert response["StatusCode"] == 202
        say(socket, action="ping")
        assert read(socket) == {"action": "pong"}

    assert len(model.prompts) == 1


# --- workers that die


@pytest.mark.parametrize(("worker", "seconds"), [("dies", 900.0), ("hangs", 0.3)])
def test_a_worker_that_dies_is_told(worker: str, seconds: float) -> None:
    with (
        running_stack(tasks=f"{TASKS}:{worker}", worker_seconds=seconds) as origin,
        browser(origin) as socket,
    ):
        submit(socket, "1", "llm-streamer", question="A story")
        assert read_tasks(socket, "1")["1"].error == "Failed"


# --- the relay


def test_a_relay_brings_every_frame_in_order() -> None:
    environ = {"FLUSH_INTERVAL_SECONDS": "0.02", "RELAY_QUEUE": "frames.fifo"}
    with (
        running_stack(tasks=f"{TASKS}:tasks", environ=environ) as origin,
        browser(origin) as socket,
    ):
        submit(socket, "1", "count", name="a", to=50)
        reply = read_tasks(socket, "1")["1"]

    assert reply.text.rstrip() == "\n".join(f"a {number}" for number in range(50))
    assert reply.output == "Finished"


def test_pages_invoke_no_function(stack_url: str) -> None:
    with closing(HTTPConnection(stack_url.partition("://")[2], timeout=20)) as connection:
        path = f"/2015-03-31/functions/{socket_tasks.WORKER}/invocations"
        headers = {"Origin": "https://evil.example", "X-Amz-Invocation-Type": "Event"}
        connection.request("POST", path, "{}", headers)
        assert connection.getresponse().status == 403
