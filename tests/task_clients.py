"""Clients of the tasks API: those of two older systems, as they send and parse, and what they do.

They read strictly: a frame that such a client could not read is an error here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, TypeAlias

from websockets.sync.client import ClientConnection

from tests.stack_fixture import ENDLESS, PASSAGE, QUESTION

PATIENT_SECONDS = 30

Open: TypeAlias = Callable[[], AbstractContextManager[ClientConnection]]
"""Opens another connection to an API."""


def say(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))


def submit(socket: ClientConnection, task_id: str, type: str, **data: Any) -> None:
    say(socket, action="task-submit", task={"id": task_id, "type": type, "data": data})


def read(socket: ClientConnection, seconds: float = PATIENT_SECONDS) -> dict[str, Any]:
    """Return the next frame, as a client that only ever calls ``JSON.parse``."""
    frame: dict[str, Any] = json.loads(socket.recv(seconds))
    return frame


class TaskReply(NamedTuple):
    """What a client of Socket LLM has of a task.

    Attributes:
        text: its partials.
        output: that of its last frame; ``Finished`` after partials.
        error: the type of its error, or nothing.
    """

    text: str
    output: str = ""
    error: str = ""


def read_tasks(
    socket: ClientConnection, *task_ids: str, seconds: float = PATIENT_SECONDS
) -> dict[str, TaskReply]:
    """Return tasks once they have ended, as Socket LLM's clients tell their frames apart."""
    texts = dict.fromkeys(task_ids, "")
    replies: dict[str, TaskReply] = {}
    while len(replies) < len(task_ids):
        frame = read(socket, seconds)
        task_id, response = frame["task_id"], frame["response"]
        assert frame.keys() == {"task_id", "status", "response"}
        assert task_id not in replies, "a frame after the end"
        if frame["status"] == "Fail":
            assert response["errorMessage"] and response["trace"] == []
            replies[task_id] = TaskReply(texts[task_id], error=response["errorType"])
        elif isinstance(response, str):
            texts[task_id] += response
        else:
            assert response["statusCode"] == 200
            replies[task_id] = TaskReply(texts[task_id], json.loads(response["body"])["output"])
    return replies


def read_message(socket: ClientConnection, seconds: float = PATIENT_SECONDS) -> str:
    """Return a reply as ``StreamingResponse.jsx`` of Bedrock Streaming Response has it."""
    text = ""
    while True:
        # Its buffer keeps what is no JSON, and then nothing is shown any more.
        frame = read(socket, seconds)
        assert isinstance(frame["statusCode"], int)
        if frame["type"] == "delta":
            text += frame["text"]
        elif frame["type"] == "end":
            return text
        else:
            assert frame["type"] in ("start", "blank")


# --- what they do


def streams(open: Open) -> None:
    with open() as socket:
        submit(socket, "000001", "llm-streamer", question=QUESTION)
        reply = read_tasks(socket, "000001")["000001"]
    assert PASSAGE.text in reply.text
    assert reply.output == "Finished"


def responds(open: Open) -> None:
    with open() as socket:
        submit(socket, "000001", "llm-responder", question=QUESTION)
        reply = read_tasks(socket, "000001")["000001"]
    assert reply.text == ""
    assert PASSAGE.text in reply.output


def runs_three_at_once(open: Open) -> None:
    with open() as socket:
        for task_id in "abc":
            submit(socket, task_id, "llm-streamer", question=QUESTION)
        replies = read_tasks(socket, *"abc")
    assert all(PASSAGE.text in reply.text for reply in replies.values())
    assert {reply.output for reply in replies.values()} == {"Finished"}


def chats(open: Open) -> None:
    """One socket for each question, as its component opens them."""
    for _ in range(2):
        with open() as socket:
            say(socket, action="sendMessage", prompt=QUESTION)
            assert PASSAGE.text in read_message(socket)


def chats_on_one_socket(open: Open) -> None:
    with open() as socket:
        for _ in range(2):
            say(socket, action="sendMessage", prompt=QUESTION)
            assert PASSAGE.text in read_message(socket)


def asks_what_cannot_be_done(open: Open) -> None:
    with open() as socket:
        submit(socket, "1", "no-such-type", question=QUESTION)
        assert read_tasks(socket, "1")["1"].error == "UnknownType"
        say(socket, action="task-submit", task={"id": "2", "type": "llm-streamer"})
        assert read_tasks(socket, "2")["2"].error == "InvalidRequest"
        say(socket, action="task-submit")
        assert read(socket)["response"]["errorType"] == "InvalidRequest"
        say(socket, action="resume", task={"id": "nothing"})
        assert read(socket)["response"]["errorType"] == "Unknown"
        say(socket, action="sendMessage")
        assert read_message(socket) == "prompt is missing, or blank"
        # The socket is as good as before.
        streams(lambda: nullcontext(socket))


def meets_a_model_that_fails(open: Open) -> None:
    with open() as socket:
        submit(socket, "1", "llm-streamer", question="break")
        reply = read_tasks(socket, "1")["1"]
        assert (reply.text.strip(), reply.error) == ("Once upon a time", "Interrupted")
        submit(socket, "2", "llm-responder", question="refuse")
        assert read_tasks(socket, "2")["2"].error == "Failed"
        say(socket, action="sendMessage", prompt="break")
        told = read_message(socket)
        assert told.startswith("Once upon a time") and len(told) > len("Once upon a time")


def stops(open: Open) -> None:
    with open() as socket:
        submit(socket, "1", "llm-streamer", question=ENDLESS)
        assert read(socket)["response"] == "Once upon "
        say(socket, action="stop", task={"id": "1"})
        assert read_tasks(socket, "1")["1"].output == "Finished"
        say(socket, action="sendMessage", prompt=ENDLESS)
        assert read(socket)["text"] == "Once upon "
        say(socket, action="stop")
        read_message(socket)


EXCHANGES: Mapping[str, Callable[[Open], None]] = {
    each.__name__: each
    for each in (
        streams,
        responds,
        runs_three_at_once,
        chats,
        chats_on_one_socket,
        asks_what_cannot_be_done,
        meets_a_model_that_fails,
        stops,
    )
}
