"""Socket tasks and chats on the local stack, as the clients of two older systems speak and read."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from fulfillment.testing import ScriptedModel
from tests.stack_fixture import PASSAGE, QUESTION, client, running_stack
from websocket_stack.local import socket_tasks
from websocket_stack.local.bedrock import routes as bedrock_routes

PATIENT_SECONDS = 20
TASKS = "tests.websocket_stack.local.demo_tasks"
BOTS = "tests.websocket_stack.local.demo_bots"


@contextmanager
def browser(origin: str, path: str = "/dev") -> Iterator[ClientConnection]:
    url = origin.replace("http", "ws", 1) + path
    with connect(url, proxy=None, compression=None, open_timeout=PATIENT_SECONDS) as socket:
        yield socket


def say(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))


def submit(socket: ClientConnection, task_id: str, type: str, **data: Any) -> None:
    say(socket, action="task-submit", task={"id": task_id, "type": type, "data": data})


def read(socket: ClientConnection) -> dict[str, Any]:
    """Return the next frame, as strictly as a client that only ever calls ``JSON.parse``."""
    frame: dict[str, Any] = json.loads(socket.recv(PATIENT_SECONDS))
    return frame


def read_tasks(socket: ClientConnection, *task_ids: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return text and end of tasks, as Socket LLM's clients tell frames apart."""
    texts = dict.fromkeys(task_ids, "")
    ends: dict[str, dict[str, Any]] = {}
    while len(ends) < len(task_ids):
        frame = read(socket)
        task_id, response = frame["task_id"], frame["response"]
        assert task_id not in ends, "a frame after the end"
        if isinstance(response, str):
            texts[task_id] += response
        else:
            ends[task_id] = frame
    return {task_id: (texts[task_id], ends[task_id]) for task_id in task_ids}


def read_message(socket: ClientConnection) -> str:
    """Return a reply as StreamingResponse.jsx of Bedrock Streaming Response puts it together."""
    text = buffer = ""
    while True:
        buffer += str(socket.recv(PATIENT_SECONDS))
        frame = json.loads(buffer)
        buffer = ""
        if frame["type"] == "delta":
            text += frame["text"]
        elif frame["type"] == "end":
            return text


def finished(end: Mapping[str, Any]) -> bool:
    return json.loads(end["response"]["body"]) == {"output": "Finished"}


@contextmanager
def stack_of(model: ScriptedModel, **options: Any) -> Iterator[str]:
    with running_stack(model_routes=bedrock_routes.routes(model), **options) as origin:
        yield origin


# --- tasks


def test_a_streamer_writes_and_finishes(stack_url) -> None:
    with browser(stack_url) as socket:
        submit(socket, "000001", "llm-streamer", question=QUESTION)
        text, end = read_tasks(socket, "000001")["000001"]

    assert PASSAGE.text in text
    assert finished(end)


def test_a_responder_sends_one_frame(stack_url) -> None:
    with browser(stack_url) as socket:
        submit(socket, "000001", "llm-responder", question=QUESTION)
        frame = read(socket)

    assert frame["status"] == "Success"
    assert PASSAGE.text in json.loads(frame["response"]["body"])["output"]


def test_three_tasks_share_a_socket() -> None:
    with (
        running_stack(tasks=f"{TASKS}:tasks") as origin,
        browser(origin) as socket,
    ):
        for name in "abc":
            submit(socket, name, "count", name=name, to=200)
        replies = read_tasks(socket, "a", "b", "c")

    for name, (text, end) in replies.items():
        # The worker takes white space off the end.
        assert text.rstrip() == "\n".join(f"{name} {number}" for number in range(200))
        assert finished(end)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ('{"action":"task-submit"}', "InvalidRequest"),
        ('{"action":"task-submit","task":{"id":"1","type":"llm-streamer"}}', "InvalidRequest"),
        ('{"action":"task-submit","task":{"id":"1","type":"no","data":{}}}', "UnknownType"),
        ('{"action":"resume","task":{"id":"nothing"}}', "Unknown"),
    ],
)
def test_what_cannot_be_done_is_told(stack_url, message, kind) -> None:
    with browser(stack_url) as socket:
        socket.send(message)
        frame = read(socket)

    assert (frame["status"], frame["response"]["errorType"]) == ("Fail", kind)


@pytest.mark.parametrize("message", ['{"action":"sing"}', "[]", "{"])
def test_an_unknown_action_is_forbidden(stack_url, message) -> None:
    with browser(stack_url) as socket:
        socket.send(message)
        assert read(socket)["message"] == "Forbidden"


def test_a_ping_is_answered(stack_url) -> None:
    with browser(stack_url) as socket:
        say(socket, action="ping")
        assert read(socket) == {"action": "pong"}


# --- chats


def test_a_message_is_answered_and_ended(stack_url) -> None:
    with browser(stack_url, "/dev/") as socket:
        say(socket, action="sendMessage", prompt=QUESTION)
        assert PASSAGE.text in read_message(socket)
        say(socket, action="sendMessage", prompt=QUESTION)
        assert PASSAGE.text in read_message(socket)


def test_a_message_without_a_prompt_is_ended(stack_url) -> None:
    with browser(stack_url) as socket:
        say(socket, action="sendMessage")
        assert read_message(socket) == "prompt is missing, or blank"


def test_a_bot_answers_messages() -> None:
    with (
        running_stack(bot=f"{BOTS}:echo") as origin,
        browser(origin) as socket,
    ):
        say(socket, action="sendMessage", prompt="Hello")
        assert read_message(socket) == "The bot says: Hello"


# --- stop, resume, duplicates


def test_a_stop_ends_a_task_and_keeps_its_text() -> None:
    gate = threading.Event()
    with stack_of(ScriptedModel(["Once upon ", gate, "a time"])) as origin:
        with browser(origin) as socket:
            submit(socket, "1", "llm-streamer", question="A story")
            assert read(socket)["response"] == "Once upon "
            say(socket, action="stop", task={"id": "1"})
            text, end = read_tasks(socket, "1")["1"]
        gate.set()

    assert "a time" not in text
    assert end["status"] == "Success"


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
            assert read_tasks(socket, "1")["1"][0] == "a time."


def test_a_task_that_comes_twice_asks_once() -> None:
    gate = threading.Event()
    model = ScriptedModel(["Once upon ", gate, "a time."])
    with stack_of(model) as origin, browser(origin) as socket:
        for _ in range(3):
            submit(socket, "1", "llm-streamer", question="A story")
        read(socket)
        gate.set()
        assert finished(read_tasks(socket, "1")["1"][1])
        say(socket, action="ping")
        assert read(socket) == {"action": "pong"}

    assert len(model.prompts) == 1


def test_an_event_that_is_delivered_twice_runs_once() -> None:
    model = ScriptedModel("Hello.", repeats=True)
    with stack_of(model) as origin, browser(origin) as socket:
        submit(socket, "1", "llm-streamer", question="A story")
        assert finished(read_tasks(socket, "1")["1"][1])
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
        frame = read(socket)

    assert frame["status"] == "Fail"
    assert frame["response"]["errorType"] == "Failed"
    assert frame["response"]["trace"] == []


# --- sign-in and the relay


def test_a_relay_brings_every_frame_in_order() -> None:
    environ = {"FLUSH_INTERVAL_SECONDS": "0.02", "RELAY_QUEUE": "frames.fifo"}
    with (
        running_stack(tasks=f"{TASKS}:tasks", environ=environ) as origin,
        browser(origin) as socket,
    ):
        submit(socket, "1", "count", name="a", to=50)
        text, end = read_tasks(socket, "1")["1"]

    assert text.rstrip() == "\n".join(f"a {number}" for number in range(50))
    assert finished(end)


def test_pages_invoke_no_function(stack_url) -> None:
    with closing(HTTPConnection(stack_url.partition("://")[2], timeout=20)) as connection:
        path = f"/2015-03-31/functions/{socket_tasks.WORKER}/invocations"
        headers = {"Origin": "https://evil.example", "X-Amz-Invocation-Type": "Event"}
        connection.request("POST", path, "{}", headers)
        assert connection.getresponse().status == 403
