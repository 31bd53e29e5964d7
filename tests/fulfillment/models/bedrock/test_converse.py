from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from fulfillment.errors import ModelInterrupted, ModelUnavailable
from fulfillment.models.base import Message, Prompt, StopReason, ToolCall, ToolResult, ToolSpec
from fulfillment.models.bedrock.converse import ConverseModel
from fulfillment.models.bedrock.event_stream import BedrockStream
from tests import aws_stub
from tests.completions import completion_of
from tests.fulfillment.models.stream_server import read
from websocket_stack.local.bedrock.event_stream import event

PROMPT = Prompt((Message("user", "Hi"),), system="Be brief.", max_tokens=50)

START = event("messageStart", {"role": "assistant"})
STOP = event("messageStop", {"stopReason": "end_turn"})
METADATA = event(
    "metadata",
    {
        "usage": {"inputTokens": 7, "outputTokens": 2, "totalTokens": 9},
        "metrics": {"latencyMs": 345},
    },
)


def delta(member: dict[str, Any]) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": 0, "delta": member})


def text(chunk: str) -> bytes:
    return delta({"text": chunk})


def tool_use(call_id: str, *fragments: str) -> list[bytes]:
    tool = {"toolUse": {"toolUseId": call_id, "name": "weather"}}
    return [
        event("contentBlockStart", {"contentBlockIndex": 1, "start": tool}),
        *(
            event(
                "contentBlockDelta",
                {"contentBlockIndex": 1, "delta": {"toolUse": {"input": fragment}}},
            )
            for fragment in fragments
        ),
        event("contentBlockStop", {"contentBlockIndex": 1}),
    ]


def ask(
    *replies: Callable[..., Any],
    model_id: str = "m",
    fields: Mapping[str, int] | None = None,
    prompt: Prompt = PROMPT,
    **options: Any,
) -> tuple[BedrockStream, list[Any]]:
    client, sent = aws_stub.client("bedrock-runtime", *replies)
    return ConverseModel(client, model_id, fields, **options).ask(prompt), sent


def texts(answer: BedrockStream) -> list[str]:
    return [chunk for chunk in answer if chunk]


def test_text_is_yielded_and_the_end_kept() -> None:
    answer, _ = ask(aws_stub.streamed(START, text("Hel"), text("lo"), STOP, METADATA))
    assert texts(answer) == ["Hel", "lo"]
    assert completion_of(answer)[:5] == ("m", StopReason.END_TURN, 7, 2, 345)


def test_an_event_without_text_is_a_sign_of_life() -> None:
    answer, _ = ask(aws_stub.streamed(START, delta({"reasoningContent": {"text": "hm"}}), STOP))
    assert list(answer) == ["", "", ""]


def test_the_request_is_what_converse_takes() -> None:
    answer, sent = ask(aws_stub.streamed(STOP), model_id="eu.anthropic.claude-haiku-4-5")
    list(answer)
    assert "/model/eu.anthropic.claude-haiku-4-5/converse-stream" in sent[0].url
    assert json.loads(sent[0].body) == {
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "system": [{"text": "Be brief."}],
        "inferenceConfig": {"maxTokens": 50},
    }


@pytest.mark.parametrize(
    ("model_id", "fields", "sent_fields"),
    [
        ("global.anthropic.claude-haiku-5-5", None, {"thinking": {"type": "disabled"}}),
        ("us.anthropic.claude-sonnet-5-5", None, {"thinking": {"type": "between_tools"}}),
        ("amazon.nova-lite-v1:0", None, None),
        ("global.anthropic.claude-haiku-5-5", {}, None),
        ("amazon.nova-lite-v1:0", {"top_k": 3}, {"top_k": 3}),
    ],
)
def test_a_model_is_asked_to_write_at_once(
    model_id: str, fields: dict[str, int] | None, sent_fields: dict[str, Any] | None
) -> None:
    answer, sent = ask(aws_stub.streamed(STOP), model_id=model_id, fields=fields)
    list(answer)
    assert json.loads(sent[0].body).get("additionalModelRequestFields") == sent_fields


def test_a_tool_is_called_and_its_result_told() -> None:
    thought = delta({"reasoningContent": {"signature": "c2lnbmVk"}})
    hidden = delta({"reasoningContent": {"redactedContent": "AP8="}})
    client, sent = aws_stub.client(
        "bedrock-runtime",
        aws_stub.streamed(
            START,
            thought,
            hidden,
            *tool_use("call-1", '{"city"', ': "Paris"}'),
            event("messageStop", {"stopReason": "tool_use"}),
            METADATA,
        ),
        aws_stub.streamed(START, text("Sunny."), STOP),
    )
    model = ConverseModel(client, "m")
    prompt = PROMPT._replace(tools=(ToolSpec("weather", "", {"type": "object"}),))
    asked = model.ask(prompt)
    assert texts(asked) == []
    assert completion_of(asked).tool_calls == (ToolCall("call-1", "weather", {"city": "Paris"}),)

    called = Message(
        "assistant",
        tool_calls=completion_of(asked).tool_calls,
        provider_content=completion_of(asked).provider_content,
    )
    answer = model.ask(prompt.extended(called, [ToolResult("call-1", "sunny")]))
    assert texts(answer) == ["Sunny."]
    body = json.loads(sent[1].body)
    assert body["messages"][1]["content"] == [
        {"reasoningContent": {"redactedContent": "AP8="}},
        {"reasoningContent": {"reasoningText": {"text": "", "signature": "c2lnbmVk"}}},
        {"toolUse": {"toolUseId": "call-1", "name": "weather", "input": {"city": "Paris"}}},
    ]
    assert body["toolConfig"] == json.loads(sent[0].body)["toolConfig"]


def test_a_call_that_was_cut_off_may_be_tried_again() -> None:
    answer, _ = ask(aws_stub.streamed(START, *tool_use("call-1", '{"city"')))
    assert isinstance(read(answer)[1], ModelUnavailable)
    assert answer.completion is None


def test_a_guardrail_that_was_late_retracts_the_text() -> None:
    late = {"guardrailIdentifier": "gr1", "guardrailVersion": "2", "streamProcessingMode": "async"}
    stop = event("messageStop", {"stopReason": "guardrail_intervened"})
    answer, sent = ask(aws_stub.streamed(START, text("bad"), stop, METADATA), guardrail=late)
    assert texts(answer) == ["bad"]
    assert completion_of(answer).stop_reason == StopReason.RETRACTED
    assert json.loads(sent[0].body)["guardrailConfig"] == late


@pytest.mark.parametrize("mode", [{}, {"streamProcessingMode": "sync"}])
def test_what_a_guardrail_let_pass_stands(mode: dict[str, str]) -> None:
    guardrail = {"guardrailIdentifier": "gr1", "guardrailVersion": "2", **mode}
    stop = event("messageStop", {"stopReason": "guardrail_intervened"})
    answer, _ = ask(aws_stub.streamed(START, text("Sorry."), stop), guardrail=guardrail)
    assert texts(answer) == ["Sorry."]
    assert completion_of(answer).stop_reason == StopReason.BLOCKED


def test_the_request_is_cached_for_the_next() -> None:
    answer, sent = ask(aws_stub.streamed(STOP), model_id="claude", cache_ttl="1h")
    list(answer)
    point = {"cachePoint": {"type": "default", "ttl": "1h"}}
    body = json.loads(sent[0].body)
    assert body["system"] == [{"text": "Be brief."}, point]
    assert body["messages"][-1]["content"] == [{"text": "Hi"}, point]


@pytest.mark.parametrize(
    "member",
    [
        {"reasoningContent": {"text": "hmm"}},
        {"toolUse": {"input": "{}"}},
        {"citation": {"title": "a"}},
        {"somethingNew": {"text": "no"}},
    ],
)
def test_only_text_is_text(member: dict[str, Any]) -> None:
    answer, _ = ask(aws_stub.streamed(START, delta(member), text("yes"), STOP))
    assert texts(answer) == ["yes"]


def test_events_that_are_new_to_this_sdk_are_skipped() -> None:
    answer, _ = ask(aws_stub.streamed(event("brandNew", {"text": "no"}), text("yes"), STOP))
    assert texts(answer) == ["yes"]


MALFORMED = [
    event("contentBlockStart", {"contentBlockIndex": 0, "start": {}}),
    event("contentBlockDelta", {"delta": None}),
    event("messageStop", {}),
]


@pytest.mark.parametrize("malformed", MALFORMED)
def test_an_event_of_another_shape_breaks_the_stream(malformed: bytes) -> None:
    answer, _ = ask(aws_stub.streamed(START, malformed))
    assert type(read(answer)[1]) is ModelUnavailable
    answer, _ = ask(aws_stub.streamed(START, text("so far"), malformed))
    written, error = read(answer)
    assert (written, type(error)) == ("so far", ModelInterrupted)


@pytest.mark.parametrize("malformed", MALFORMED)
def test_what_breaks_after_the_end_loses_nothing(malformed: bytes) -> None:
    answer, _ = ask(aws_stub.streamed(START, text("all of it"), STOP, malformed))
    assert read(answer) == ("all of it", None)
    assert completion_of(answer).stop_reason == StopReason.END_TURN
