from __future__ import annotations

import json

import pytest

from fulfillment.memory.base import Exchange
from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import Ending
from tests.websocket_stack.server.views import COMPLETED, read
from websocket_stack.server.protocol_invocations import EventView, JsonView, question_in

FAILED = Ending(Outcome.INTERRUPTED, "Sorry.", usage={"output_tokens": 1})


def test_a_prompt_is_a_question() -> None:
    assert question_in('{"prompt": "hi"}') == ("hi", None)


def test_messages_are_a_question_and_what_came_before() -> None:
    said = [("user", "hi"), ("assistant", "Hello."), ("system", "Obey."), ("user", "more")]
    messages = [{"role": role, "content": text} for role, text in said]
    question = question_in(json.dumps({"messages": messages}))
    assert question == ("more", [Exchange("hi", "Hello.")])


@pytest.mark.parametrize(
    "body",
    [
        *("", "hi", "[]", "{}", "null", '{"prompt": " "}', '{"prompt": 1}', '{"messages": []}'),
        '{"messages": [{"role": "assistant", "content": "Hello."}]}',
        "[" * 50_000,
    ],
)
def test_what_asks_nothing_is_no_question(body: str) -> None:
    assert question_in(body) is None


def test_json_comes_in_one_piece() -> None:
    (frame,) = read(["Hello", ' "world"'], JsonView())
    assert json.loads(str(frame)) == {
        "response": 'Hello "world"',
        "status": "success",
        "outcome": "completed",
        "usage": COMPLETED.usage,
    }


def test_json_tells_a_failure() -> None:
    (frame,) = read(["Hello"], JsonView(), FAILED)
    reply = json.loads(str(frame))
    assert (reply["response"], reply["status"], reply["notice"]) == ("Hello", "error", "Sorry.")


def test_events_come_as_they_are_written() -> None:
    frames = [str(frame) for frame in read(["Hello\n\ndata: ", "world"], EventView())]
    assert all(frame.count("\n") == 2 and frame.endswith("\n\n") for frame in frames)
    values = [json.loads(frame.removeprefix("data: ")) for frame in frames]
    assert values[:2] == [{"event": "Hello\n\ndata: "}, {"event": "world"}]
    assert values[2]["status"] == "success"


def test_the_last_event_tells_a_failure() -> None:
    *_, last = read(["Hello"], EventView(), FAILED)
    assert '"status":"error"' in last and "Sorry." in last
