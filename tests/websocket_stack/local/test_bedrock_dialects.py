"""Converse and Messages: how a request is read and a reply written."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from fulfillment.models.base import Completion, Message, Prompt
from websocket_stack.local.aws import ServiceError
from websocket_stack.local.bedrock_dialects import Converse, Dialect, Messages

COMPLETION = Completion("demo", "max_tokens", input_tokens=3, output_tokens=5, latency_ms=70)
SILENT = Completion("demo", "end_turn")


def converse(*said: tuple[str, str], **members: Any) -> dict[str, Any]:
    messages = [{"role": role, "content": [{"text": text}]} for role, text in said]
    return {"messages": messages, **members}


def anthropic(*said: tuple[str, str], **members: Any) -> dict[str, Any]:
    return {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 100,
        "messages": [{"role": role, "content": text} for role, text in said],
        **members,
    }


def refusal(dialect: Dialect, body: dict[str, Any]) -> str:
    with pytest.raises(ServiceError) as refused:
        dialect.prompt(body)
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")
    return refused.value.message


def events(parts: Iterable[bytes]) -> list[tuple[str, Any]]:
    buffer = EventStreamBuffer()
    for part in parts:
        buffer.add_data(part)
    return [(each.headers[":event-type"], json.loads(each.payload)) for each in buffer]


def anthropic_parts(parts: Iterable[bytes]) -> list[Any]:
    """Return what is in the blobs of ``chunk`` events."""
    read = events(parts)
    assert {name for name, _ in read} == {"chunk"}
    return [json.loads(base64.b64decode(payload["bytes"])) for _, payload in read]


# --- requests


def test_a_converse_request_becomes_a_prompt() -> None:
    body = converse(
        ("user", "hello"),
        ("assistant", "hi"),
        ("user", "and now?"),
        system=[{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
        inferenceConfig={"maxTokens": 7},
        additionalModelRequestFields={"thinking": {"type": "disabled"}},
    )

    assert Converse().prompt(body) == Prompt(
        (Message("user", "hello"), Message("assistant", "hi"), Message("user", "and now?")),
        system="Be brief.",
        max_tokens=7,
    )


def test_a_converse_request_needs_no_more_than_a_message() -> None:
    assert Converse().prompt(converse(("user", "hello"))) == Prompt(
        (Message("user", "hello"),), max_tokens=4096
    )


def test_a_messages_request_becomes_a_prompt() -> None:
    body = anthropic(("user", "hello"), system="Be brief.", max_tokens=7)

    assert Messages().prompt(body) == Prompt((Message("user", "hello"),), "Be brief.", 7)


def test_content_and_system_of_a_messages_request_may_be_blocks() -> None:
    blocks = [{"type": "text", "text": "hel"}, {"type": "image"}, {"type": "text", "text": "lo"}]
    body = anthropic(system=[{"type": "text", "text": "Be brief."}])
    body["messages"] = [{"role": "user", "content": blocks}]

    assert Messages().prompt(body) == Prompt((Message("user", "hello"),), "Be brief.", 100)


@pytest.mark.parametrize("dialect", [Converse(), Messages()], ids=["converse", "messages"])
@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (None, "at least one message"),
        ([], "at least one message"),
        ({}, "at least one message"),
        ("hello", "at least one message"),
        (["hello"], "start with a user message"),
        ([{"role": "system", "content": "a"}], "start with a user message"),
        ([{"content": "a"}], "start with a user message"),
        ([{"role": "assistant", "content": "a"}], "start with a user message"),
        ([{"role": ["user"], "content": "a"}], "start with a user message"),
        ([{"role": "user", "content": "a"}, None], "start with a user message"),
        (
            [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
            "last message must be the user's",
        ),
        ([{"role": "user"}], "not be blank"),
        ([{"role": "user", "content": " \n"}], "not be blank"),
        ([{"role": "user", "content": [{"image": {}}]}], "not be blank"),
        ([{"role": "user", "content": 5}], "a string or a list of content blocks"),
        ([{"role": "user", "content": [{"text": 5}]}], "text: takes a string"),
        ([{"role": "user", "content": [{"text": None}]}], "text: takes a string"),
    ],
)
def test_messages_that_are_no_conversation_are_invalid(dialect, messages, reason) -> None:
    body = anthropic() | {"messages": messages}

    assert reason in refusal(dialect, body)


@pytest.mark.parametrize("value", [0, -1, "many", 1.5, None, True])
def test_max_tokens_is_a_whole_number_from_one(value) -> None:
    said = ("user", "hello")

    assert "whole number" in refusal(
        Converse(), converse(said, inferenceConfig={"maxTokens": value})
    )
    assert "whole number" in refusal(Messages(), anthropic(said, max_tokens=value))


def test_the_inference_configuration_is_an_object() -> None:
    body = converse(("user", "hello"), inferenceConfig=[7])

    assert "inferenceConfig" in refusal(Converse(), body)


@pytest.mark.parametrize("version", [None, "2023-06-01"])
def test_a_messages_request_names_its_version(version) -> None:
    body = anthropic(("user", "hello"), anthropic_version=version)

    assert "anthropic_version" in refusal(Messages(), body)


def test_a_messages_request_says_how_many_tokens_it_wants() -> None:
    body = anthropic(("user", "hello"))
    del body["max_tokens"]

    assert refusal(Messages(), body) == "max_tokens: Field required"


# --- replies


def test_a_whole_converse_reply() -> None:
    assert Converse().whole("hello", COMPLETION) == {
        "output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}},
        "stopReason": "max_tokens",
        "usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8},
        "metrics": {"latencyMs": 70},
    }


def test_a_streamed_converse_reply() -> None:
    dialect = Converse()
    parts = [*dialect.start(), dialect.chunk("hel"), dialect.chunk("lo"), *dialect.end(COMPLETION)]

    assert events(parts) == [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "hel"}}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "lo"}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": "max_tokens"}),
        (
            "metadata",
            {
                "usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8},
                "metrics": {"latencyMs": 70},
            },
        ),
    ]


def test_a_whole_messages_reply() -> None:
    reply = dict(Messages().whole("hello", COMPLETION))

    assert reply.pop("id").startswith("msg_bdrk_")
    assert reply == {
        "type": "message",
        "role": "assistant",
        "model": "demo",
        "content": [{"type": "text", "text": "hello"}],
        "stop_reason": "max_tokens",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 5},
    }


def test_a_streamed_messages_reply() -> None:
    dialect = Messages()
    parts = anthropic_parts([*dialect.start(), dialect.chunk("hello"), *dialect.end(COMPLETION)])

    assert parts[0]["type"] == "message_start"
    assert parts[0]["message"]["content"] == []
    assert parts[1:] == [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": "hello"},
        },
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "max_tokens", "stop_sequence": None},
            "usage": {"output_tokens": 5},
        },
        {
            "type": "message_stop",
            "amazon-bedrock-invocationMetrics": {
                "inputTokenCount": 3,
                "outputTokenCount": 5,
                "invocationLatency": 70,
            },
        },
    ]


def test_what_the_model_does_not_say_counts_as_nothing() -> None:
    assert Converse().whole("", SILENT)["usage"]["totalTokens"] == 0
    assert Messages().whole("", SILENT)["usage"] == {"input_tokens": 0, "output_tokens": 0}
    [*_, metadata] = events(Converse().end(SILENT))
    assert metadata[1]["metrics"] == {"latencyMs": 0}
