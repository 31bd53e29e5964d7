"""How a request of Converse is read, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.models.base import Message, Prompt, ToolCall, ToolResult, ToolSpec
from fulfillment.models.bedrock import converse_format as adapter
from tests.websocket_stack.local.mutations import mutated
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.bedrock.converse_requests import prompt_of

SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
TOOL = ToolSpec("find_order", "Finds an order.", SCHEMA)
TOOLS = {
    "tools": [
        {
            "toolSpec": {
                "name": "find_order",
                "description": "Finds an order.",
                "inputSchema": {"json": SCHEMA},
            }
        }
    ]
}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def text(words: str) -> dict[str, Any]:
    return {"text": words}


def use(id: str, /, **input: Any) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": id, "name": "find_order", "input": input}}


def result(id: str, *content: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"toolResult": {"toolUseId": id, "content": list(content), **members}}


def request(*messages: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"messages": list(messages), **members}


def refusal(body: dict[str, Any]) -> str:
    with pytest.raises(ServiceError) as refused:
        prompt_of(body)
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")
    return refused.value.message


# --- what is read


def test_a_request_becomes_a_prompt() -> None:
    body = request(
        user(text("hel"), text("lo")),
        assistant(text("hi")),
        user(text("and now?"), {"cachePoint": {"type": "default", "ttl": "1h"}}),
        system=[text("Be brief."), {"cachePoint": {"type": "default"}}],
        inferenceConfig={
            "maxTokens": 7,
            "temperature": 0.5,
            "topP": 0.25,
            "stopSequences": ["END"],
        },
        toolConfig={"tools": [*TOOLS["tools"], {"cachePoint": {"type": "default"}}]},
        guardrailConfig={
            "guardrailIdentifier": "abc",
            "guardrailVersion": "1",
            "streamProcessingMode": "async",
        },
        additionalModelRequestFields={"thinking": {"type": "disabled"}},
    )

    assert prompt_of(body) == Prompt(
        (Message("user", "hello"), Message("assistant", "hi"), Message("user", "and now?")),
        system="Be brief.",
        max_tokens=7,
        temperature=0.5,
        top_p=0.25,
        stop_sequences=("END",),
        tools=(TOOL,),
    )


def test_a_request_needs_only_a_message() -> None:
    assert prompt_of(request(user(text("hello")))) == Prompt(
        (Message("user", "hello"),), max_tokens=4096
    )


def test_calls_and_results_are_read() -> None:
    body = request(
        user(text("Where are 1 and 2?")),
        assistant(
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "abc"}}},
            {"reasoningContent": {"redactedContent": "aGVsbG8="}},
            text("I look."),
            use("a", id="1"),
            use("b", id="2"),
        ),
        user(
            result("b", text("gone"), {"json": {"since": "May"}}, status="success"),
            result("a", text("no such order"), status="error"),
            text("Hurry!"),
        ),
        toolConfig=TOOLS,
    )

    _, called, results = prompt_of(body).messages
    assert called == Message(
        "assistant",
        "I look.",
        tool_calls=(
            ToolCall("a", "find_order", {"id": "1"}),
            ToolCall("b", "find_order", {"id": "2"}),
        ),
    )
    assert results == Message(
        "user",
        "Hurry!",
        tool_results=(
            ToolResult("b", 'gone\n{"since": "May"}'),
            ToolResult("a", "no such order", failed=True),
        ),
    )


def test_guarded_and_cited_text_is_text() -> None:
    body = request(
        user({"guardContent": {"text": {"text": "hello", "qualifiers": ["query"]}}}),
        assistant({"citationsContent": {"content": [text("It is "), text("green.")]}}),
        user(text("why?")),
        system=[{"guardContent": {"text": {"text": "Be brief."}}}],
    )

    prompt = prompt_of(body)
    assert [message.text for message in prompt.messages] == ["hello", "It is green.", "why?"]
    assert prompt.system == "Be brief."


ids = st.uuids().map(str)
words = st.text(min_size=1).filter(lambda drawn: bool(drawn.strip()))
arguments = st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text())


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    messages = [Message("user", draw(words))]
    for _ in range(draw(st.integers(0, 4))):
        called = draw(st.lists(ids, max_size=3, unique=True))
        calls = tuple(ToolCall(id, "find_order", draw(arguments)) for id in called)
        written = draw(words) if not calls else draw(st.just("") | words)
        results = tuple(ToolResult(id, draw(words), draw(st.booleans())) for id in called)
        question = draw(words) if not results else draw(st.just("") | words)
        messages += [
            Message("assistant", written, tool_calls=calls),
            Message("user", question, tool_results=results),
        ]
    return tuple(messages)


@given(conversations())
def test_the_adapters_requests_are_read(messages: Any) -> None:
    prompt = Prompt(messages, "Be brief.", 50, 0.5, None, ("END",), (TOOL,))
    body = adapter.request(prompt, "us.amazon.nova-lite-v1:0", cache_ttl="5m")
    del body["modelId"]

    assert prompt_of(body) == prompt


# --- what is refused


def test_the_models_constraints_come_first() -> None:
    assert "1 validation error detected" in refusal(
        request(user(text("hello")), toolConfig={"tools": []})
    )


def test_blank_text_is_refused() -> None:
    body = request(user(text("hello")), assistant(text("hi"), text(" \n")), user(text("now?")))

    assert refusal(body) == (
        "The text field in the ContentBlock object at messages.1.content.1 is blank. Add text to"
        " the text field, and try again."
    )
    assert "SystemContentBlock object at system.0 is blank" in refusal(
        request(user(text("hello")), system=[text(" ")])
    )


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ([], "A conversation must start with a user message. Try again"),
        ([assistant(text("hi"))], "A conversation must start with a user message. Try again"),
        (
            [user(text("a")), user(text("b"))],
            "A conversation must alternate between user and assistant roles.",
        ),
        (
            [user(text("a")), assistant(text("b"))],
            "This model does not support assistant message prefill.",
        ),
        (
            [user(text("a")), assistant(), user(text("b"))],
            "The content field in the Message object at messages.1 is empty.",
        ),
        (
            [user({"image": {"format": "png", "source": {"bytes": "aa"}}}, text("what?"))],
            "This model doesn't support the image content block that you provided.",
        ),
        (
            [user({"hologram": {}})],
            "This model doesn't support the hologram content block that you provided.",
        ),
    ],
)
def test_an_invalid_conversation_is_refused(messages: list[dict[str, Any]], message: str) -> None:
    assert refusal(request(*messages)).startswith(message)


def test_messages_are_required() -> None:
    assert refusal({}).startswith("A conversation must start with a user message.")


@pytest.mark.parametrize(
    "messages",
    [
        [user(text("a")), assistant(use("1")), user(result("1", text("x")))],
        [user(text("a")), assistant(use("1")), user(text("b"))],
    ],
)
def test_tools_in_messages_need_a_tool_config(messages: list[dict[str, Any]]) -> None:
    assert refusal(request(*messages)) == (
        "The toolConfig field must be defined when using toolUse and toolResult content blocks."
    )


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        (
            [user(text("a")), assistant(use("1"), use("2")), user(text("b"))],
            "Expected toolResult blocks at messages.2.content for the following Ids: 1, 2",
        ),
        (
            [user(text("a")), assistant(use("1"), use("2")), user(result("1", text("x")))],
            "Expected toolResult blocks at messages.2.content for the following Ids: 2",
        ),
        (
            [user(text("a")), assistant(text("b")), user(result("1", text("x")))],
            "The number of toolResult blocks at messages.2.content exceeds the number of toolUse"
            " blocks of previous turn.",
        ),
        (
            [user(use("1"))],
            "The toolUse block at messages.0.content.0 is in a message of the wrong role.",
        ),
        (
            [user(text("a")), assistant(result("1", text("x"))), user(text("b"))],
            "The toolResult block at messages.1.content.0 is in a message of the wrong role.",
        ),
        (
            [user(text("a")), assistant(use("1")), user(result("1", status="error"))],
            "The content field at messages.2.content.0.toolResult cannot be empty when status"
            " value is error.",
        ),
        (
            [user(text("a")), assistant(use("1")), user(result("1", text(" ")))],
            "The model returned the following errors: messages: text content blocks must contain"
            " non-whitespace text",
        ),
        (
            [user(text("a")), assistant(use("1")), user(result("1", {"json": [1]}))],
            "The format of the value at messages.2.content.0.toolResult.content.0.json is invalid."
            " Provide a json object for the field and try again.",
        ),
        (
            [
                user(text("a")),
                assistant({"toolUse": {"toolUseId": "1", "name": "f", "input": "{"}}),
                user(result("1", text("x"))),
            ],
            "The format of the value at messages.1.content.0.toolUse.input is invalid. Provide a"
            " json object for the field and try again.",
        ),
    ],
)
def test_mismatched_calls_and_results_are_refused(
    messages: list[dict[str, Any]], message: str
) -> None:
    assert refusal(request(*messages, toolConfig=TOOLS)) == message


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({}, "The format of the value at {} is invalid."),
        ({"json": "object"}, "The format of the value at {} is invalid."),
        ({"json": {"anyOf": []}}, "The value at {}.type must be one of the following: object."),
    ],
)
def test_a_tool_takes_an_object(schema: dict[str, Any], message: str) -> None:
    tools = {"tools": [{"toolSpec": {"name": "find", "inputSchema": schema}}]}
    at = "toolConfig.tools.0.toolSpec.inputSchema.json"

    assert refusal(request(user(text("a")), toolConfig=tools)).startswith(message.format(at))


ANY = request(
    user(text("a"), {"cachePoint": {"type": "default"}}),
    assistant({"reasoningContent": {"reasoningText": {"text": "x"}}}, text("b"), use("1", q=1)),
    user(
        result("1", text("c"), {"json": {"a": 1}}, status="success"),
        {"guardContent": {"text": {"text": "d"}}},
    ),
    assistant({"citationsContent": {"content": [text("e")]}}),
    user(text("f")),
    system=[text("g"), {"guardContent": {"text": {"text": "h"}}}],
    toolConfig=TOOLS,
    inferenceConfig={"maxTokens": 3, "temperature": 0.1, "stopSequences": ["x"]},
)


@given(mutated(ANY))
def test_any_request_is_read_or_refused(body: Any) -> None:
    try:
        assert prompt_of(body).messages
    except ServiceError as refused:
        assert refused.status == 400
