"""How a body of InvokeModel is read as Claude reads it, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from fulfillment.models.base import Message, Prompt, ToolCall, ToolResult, ToolSpec
from tests.websocket_stack.local.mutations import mutated
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.bedrock.messages_requests import prompt_of

SCHEMA = {"type": "object", "properties": {}}


def request(*messages: Any, **members: Any) -> dict[str, Any]:
    return {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 100,
        "messages": list(messages),
        **members,
    }


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def text(words: Any) -> dict[str, Any]:
    return {"type": "text", "text": words}


def use(id: str, /, **input: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": "find", "input": input}


def result(id: str, content: Any = "found", **members: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, "content": content, **members}


def refusal(body: dict[str, Any]) -> str:
    with pytest.raises(ServiceError) as refused:
        prompt_of(body)
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")
    return refused.value.message


def test_a_request_becomes_a_prompt() -> None:
    body = request(
        user("hello"),
        assistant({"type": "thinking", "thinking": "hm", "signature": "a"}, text("hi")),
        user([text("and "), text("now?")]),
        system="Be brief.",
        temperature=1,
        top_p=0.5,
        stop_sequences=["END"],
        tools=[{"name": "find", "description": "Finds.", "input_schema": SCHEMA}],
    )

    assert prompt_of(body) == Prompt(
        (Message("user", "hello"), Message("assistant", "hi"), Message("user", "and now?")),
        system="Be brief.",
        max_tokens=100,
        temperature=1.0,
        top_p=0.5,
        stop_sequences=("END",),
        tools=(ToolSpec("find", "Finds.", SCHEMA),),
    )


def test_the_system_text_may_be_blocks() -> None:
    assert prompt_of(request(user("hello"), system=[text("Be "), text("brief.")])) == Prompt(
        (Message("user", "hello"),), "Be brief.", 100
    )


def test_calls_and_results_are_read() -> None:
    body = request(
        user("Where?"),
        assistant(use("a", id=1), use("b")),
        user([result("a"), result("b", [text("no "), text("such")], is_error=True)]),
    )

    _, called, results = prompt_of(body).messages
    assert called.tool_calls == (ToolCall("a", "find", {"id": 1}), ToolCall("b", "find", {}))
    assert results.tool_results == (
        ToolResult("a", "found"),
        ToolResult("b", "no such", failed=True),
    )


@pytest.mark.parametrize("version", [None, "2023-06-01"])
def test_a_request_names_its_version(version: str | None) -> None:
    assert "anthropic_version" in refusal(request(user("hello"), anthropic_version=version))


@pytest.mark.parametrize("name", ["max_tokens", "messages"])
def test_a_missing_member_is_named(name: str) -> None:
    body = request(user("hello"))
    del body[name]

    assert refusal(body) == f"{name}: Field required"


@pytest.mark.parametrize("value", [0, -1, "many", 1.5, None, True])
def test_max_tokens_is_a_whole_number_from_one(value: str | float | None) -> None:
    assert "whole number" in refusal(request(user("hello"), max_tokens=value))


@pytest.mark.parametrize("value", [-0.1, 1.1, "hot", True, [1]])
@pytest.mark.parametrize("name", ["temperature", "top_p"])
def test_sampling_is_a_fraction(name: str, value: str | float | list[int]) -> None:
    assert refusal(request(user("hello"), **{name: value})).startswith(f"{name}: takes a number")


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "at least one message is required"),
        (["hello"], "messages.0.role"),
        ([{"role": "system", "content": "a"}], "messages.0.role"),
        ([{"content": "a"}], "messages.0.role"),
        ([{"role": ["user"], "content": "a"}], "messages.0.role"),
        ([assistant(text("a"))], 'must use the "user" role'),
        ([user("a"), assistant(text("b"))], "must end with a user message"),
        ([{"role": "user"}], "must be non-empty"),
        ([user(" \n")], "must be non-empty"),
        ([user([text(" ")])], "must be non-empty"),
        ([user([{"type": "image"}])], "messages.0.content.0: Input tag 'image'"),
        ([user(["hello"])], "messages.0.content.0: Input tag 'None'"),
        ([user(5)], "messages.0.content: takes a list"),
        ([user([text(5)])], "messages.0.content.0: is no text block"),
        ([user([{"type": "tool_result"}])], "messages.0.content.0: is no tool_result block"),
        ([user([result("a", [5])])], "takes a string or text blocks"),
        (
            [user("a"), assistant(use("1"), use("2")), user([result("1")])],
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after:"
            " 2. Each",
        ),
        (
            [user("a"), assistant(text("b")), user([result("1")])],
            "messages.2: unexpected `tool_use_id` found in `tool_result` blocks: 1. Each",
        ),
    ],
)
def test_an_invalid_conversation_is_refused(
    messages: list[str | dict[str, Any]], reason: str
) -> None:
    assert reason in refusal(request(*messages))


@pytest.mark.parametrize("tools", ["find", ["find"], [{"name": "find"}], [{"input_schema": {}}]])
def test_a_tool_has_a_name_and_a_schema(tools: str | list[str | dict[str, Any]]) -> None:
    assert refusal(request(user("hello"), tools=tools)).startswith("tools: takes")


def test_messages_are_a_list() -> None:
    assert refusal(request() | {"messages": "hello"}) == "messages: takes a list"


ANY = request(
    user("a"),
    assistant(text("b"), use("1", q=1), {"type": "thinking", "thinking": "x"}),
    user([result("1", [text("c")]), text("d")]),
    system=[text("e")],
    tools=[{"name": "find", "description": "Finds.", "input_schema": SCHEMA}],
    stop_sequences=["x"],
    temperature=0.1,
)


@given(mutated(ANY))
def test_any_request_is_read_or_refused(body: Any) -> None:
    try:
        assert prompt_of(body).messages
    except ServiceError as refused:
        assert refused.status == 400
