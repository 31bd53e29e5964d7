from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket_stack.tasks.tasks_api import message, submit
from websocket_stack.tasks.protocol import (
    MAX_ID_BYTES,
    Address,
    Ask,
    InvalidRequest,
    Ping,
    Resume,
    SignIn,
    Stop,
    parse,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=8,
)


def parsed(value: Any) -> Any:
    return parse(json.dumps(value))


def test_a_task_is_taken_as_it_is() -> None:
    task = submit("1", "summarise", text="long")
    task["task"]["more"] = task["more"] = "ignored"
    assert parsed(task) == Ask(Address("task", "1"), "summarise", {"text": "long"})


def test_a_message_needs_a_prompt_alone() -> None:
    assert parsed(message("Hi")) == Ask(
        Address("message"), "message", {"prompt": "Hi", "history": [], "conversation": ""}
    )


@pytest.mark.parametrize(
    ("said", "request_"),
    [
        ({"action": "stop"}, Stop(None)),
        ({"action": "stop", "task": {"id": 0}}, Stop(Address("task", 0))),
        ({"action": "stop", "message": {"id": "m"}}, Stop(Address("message", "m"))),
        ({"action": "resume", "task": {"id": "a"}}, Resume(Address("task", "a"), None)),
        (
            {"action": "resume", "message": {"id": "a"}, "received": 7},
            Resume(Address("message", "a"), 7),
        ),
        ({"action": "sign-in", "token": "t"}, SignIn("t")),
    ],
)
def test_commands(said: dict[str, Any], request_: Resume | SignIn | Stop) -> None:
    assert parsed(said) == request_


def test_a_ping_is_one() -> None:
    assert isinstance(parsed({"action": "ping"}), Ping)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ([], "JSON object"),
        ({}, "action"),
        ({"action": "task-submit"}, "task"),
        ({"action": "task-submit", "task": []}, "task"),
        ({"action": "task-submit", "task": {"type": "t", "data": {}}}, "task.id"),
        ({"action": "task-submit", "task": {"id": 1, "data": {}}}, "task.type"),
        ({"action": "task-submit", "task": {"id": 1, "type": 5, "data": {}}}, "task.type"),
        ({"action": "task-submit", "task": {"id": 1, "type": "t"}}, "task.data"),
        ({"action": "task-submit", "task": {"id": "x" * 600, "type": "t", "data": {}}}, "id"),
        ({"action": "sendMessage"}, "prompt"),
        ({"action": "sendMessage", "prompt": " \n"}, "prompt"),
        ({"action": "sendMessage", "prompt": "p", "history": [{"role": "x"}]}, "history"),
        ({"action": "sendMessage", "prompt": "p", "history": "h"}, "history"),
        ({"action": "sendMessage", "prompt": "p", "conversation": 5}, "conversation"),
        ({"action": "stop", "task": {}}, "task.id"),
        ({"action": "resume"}, "id"),
        ({"action": "resume", "task": {"id": 1}, "received": -1}, "received"),
        ({"action": "resume", "task": {"id": 1}, "received": True}, "received"),
        ({"action": "sign-in"}, "token"),
    ],
)
def test_what_cannot_be_answered_is_named(
    said: list[Any] | dict[str, object], problem: str
) -> None:
    with pytest.raises(InvalidRequest, match=problem):
        parsed(said)


def test_an_error_has_the_id_of_its_task() -> None:
    with pytest.raises(InvalidRequest) as raised:
        parsed({"action": "task-submit", "task": {"id": "000001", "type": "t"}})
    assert raised.value.address == Address("task", "000001")


@given(
    st.text()
    | JSON.map(json.dumps)
    | st.fixed_dictionaries(
        {"action": st.sampled_from(["task-submit", "sendMessage", "stop", "resume", "sign-in"])},
        optional=dict.fromkeys(
            ["task", "message", "prompt", "history", "received", "token", "id"],
            JSON | st.fixed_dictionaries({}, optional={"id": JSON, "type": JSON, "data": JSON}),
        ),
    ).map(json.dumps)
)
def test_whatever_is_said_is_understood_or_refused(body: Any) -> None:
    try:
        request = parse(body)
    except InvalidRequest as refused:
        assert str(refused)
    else:
        if isinstance(request, Ask):
            written = json.dumps(request.address.id, ensure_ascii=False)
            assert len(written.encode("utf-8", "surrogatepass")) <= MAX_ID_BYTES
