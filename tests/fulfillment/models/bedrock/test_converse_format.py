"""Requests are checked against botocore's service model; events are the bytes that it decodes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

import botocore.session
import pytest
from botocore.eventstream import EventStream
from botocore.parsers import EventStreamJSONParser
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.models.base import (
    NO_RESULT,
    Completion,
    Message,
    Prompt,
    StopReason,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from fulfillment.models.bedrock.converse_format import ConverseContent, ConverseDecoder, request
from tests.aws_stub import RawBody
from tests.completions import completion_of
from websocket_stack.local.bedrock.event_stream import event

OPERATION = (
    botocore.session.get_session()
    .get_service_model("bedrock-runtime")
    .operation_model("ConverseStream")
)
INPUT: Any = OPERATION.input_shape
MODEL = "eu.anthropic.claude-sonnet-4-6"
OTHER_MODEL = "amazon.nova-lite-v1:0"

HI = Message("user", "Hi")
CALL = ToolCall("call-1", "weather", {"city": "Paris"})
ASKED = Message("assistant", "Let me see.", tool_calls=(CALL,))
TOLD = Message("user", tool_results=(ToolResult("call-1", "Sunny"),))
WEATHER = ToolSpec(
    "weather",
    "How the weather is.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
POINT = {"cachePoint": {"type": "default"}}


def requested(
    *messages: Message, model_id: str = MODEL, cache_ttl: str = "", **members: Any
) -> Any:
    """Return a request that botocore takes."""
    made = request(Prompt(messages, **members), model_id, cache_ttl=cache_ttl)
    report = ParamValidator().validate(made, INPUT)
    assert not report.has_errors(), report.generate_report()
    return made


def read(*pieces: bytes, tools: Iterable[str] = (), guarded_late: bool = False) -> ConverseDecoder:
    decoder = ConverseDecoder(MODEL, tools, guarded_late=guarded_late)
    for each in decoded(*pieces):
        decoder.decode(each)
    return decoder


def decoded(*pieces: bytes) -> Iterator[dict[str, Any]]:
    shape: Any = OPERATION.get_event_stream_output()
    yield from EventStream(RawBody(pieces), shape, EventStreamJSONParser(), OPERATION.name)


def blocks_of(completion: Completion) -> Any:
    """Return the blocks that are sent back as the model wrote them."""
    content: Any = completion.provider_content
    return content.blocks


def message_of(text: str, completion: Completion) -> Message:
    """Return the message that a completion ended."""
    kept = completion.provider_content
    return Message("assistant", text, completion.tool_calls, provider_content=kept)


def delta(member: dict[str, Any], index: int = 0) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": member})


def start(member: dict[str, Any], index: int = 0) -> bytes:
    return event("contentBlockStart", {"contentBlockIndex": index, "start": member})


def tool(call_id: str, *fragments: str, index: int = 0, name: str = "weather") -> list[bytes]:
    """Return the events of a tool call whose arguments come in these fragments."""
    return [
        start({"toolUse": {"toolUseId": call_id, "name": name}}, index),
        *(delta({"toolUse": {"input": fragment}}, index) for fragment in fragments),
        event("contentBlockStop", {"contentBlockIndex": index}),
    ]


def stop(reason: str = "end_turn") -> bytes:
    return event("messageStop", {"stopReason": reason})


# --- the request


def test_what_is_not_set_is_not_sent() -> None:
    assert requested(HI, max_tokens=50) == {
        "modelId": MODEL,
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "inferenceConfig": {"maxTokens": 50},
    }


def test_parameters_are_sent_as_the_model_takes_them() -> None:
    members: dict[str, Any] = {"temperature": 0.2, "top_p": 0.9, "stop_sequences": ("END", "STOP")}
    assert requested(HI, model_id=OTHER_MODEL, **members)["inferenceConfig"] == {
        "maxTokens": 1024,
        "temperature": 0.2,
        "topP": 0.9,
        "stopSequences": ["END", "STOP"],
    }
    newest = requested(HI, model_id="global.anthropic.claude-haiku-5-5", **members)
    assert newest["inferenceConfig"] == {"maxTokens": 1024, "stopSequences": ["END", "STOP"]}


def test_a_tool_is_described_by_its_schema() -> None:
    undescribed = WEATHER._replace(name="now", description=" ")
    assert requested(HI, tools=(WEATHER, undescribed))["toolConfig"] == {
        "tools": [
            {
                "toolSpec": {
                    "name": "weather",
                    "description": "How the weather is.",
                    "inputSchema": {"json": WEATHER.schema},
                }
            },
            {"toolSpec": {"name": "now", "inputSchema": {"json": WEATHER.schema}}},
        ]
    }


def test_a_round_is_a_call_and_a_result() -> None:
    told = TOLD._replace(text="And tomorrow?")
    assert requested(HI, ASKED, told, tools=(WEATHER,))["messages"] == [
        {"role": "user", "content": [{"text": "Hi"}]},
        {
            "role": "assistant",
            "content": [
                {"text": "Let me see."},
                {
                    "toolUse": {
                        "toolUseId": "call-1",
                        "name": "weather",
                        "input": {"city": "Paris"},
                    }
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": "call-1",
                        "content": [{"text": "Sunny"}],
                        "status": "success",
                    }
                },
                {"text": "And tomorrow?"},
            ],
        },
    ]


@pytest.mark.parametrize("blank", ["", " \n"])
def test_a_result_without_text_says_so(blank: str) -> None:
    told = Message("user", tool_results=(ToolResult("call-1", blank, failed=True),))
    (block,) = requested(HI, ASKED, told)["messages"][-1]["content"]
    assert block["toolResult"]["content"] == [{"text": NO_RESULT}]
    assert block["toolResult"]["status"] == "error"


def test_arguments_that_were_no_object_become_one() -> None:
    asked = Message("assistant", tool_calls=(CALL._replace(arguments=None),))
    (block,) = requested(HI, asked, TOLD)["messages"][1]["content"]
    assert block["toolUse"]["input"] == {}


def test_tools_that_were_called_are_named() -> None:
    config = requested(HI, ASKED, TOLD, ASKED, TOLD)["toolConfig"]
    assert config == {
        "tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object"}}}}]
    }


def test_a_prompt_is_not_changed_by_being_sent() -> None:
    kept = ConverseContent(MODEL, ({"text": "Hello"},))
    requested(HI, Message("assistant", "Hello", provider_content=kept), HI, cache_ttl="5m")
    assert kept.blocks == ({"text": "Hello"},)


@pytest.mark.parametrize(
    ("ttl", "point"),
    [("5m", POINT), ("1h", {"cachePoint": {"type": "default", "ttl": "1h"}})],
)
def test_what_is_cached_ends_in_cache_points(ttl: str, point: dict[str, Any]) -> None:
    made = requested(HI, ASKED, TOLD, system="Be brief.", tools=(WEATHER,), cache_ttl=ttl)
    assert made["system"] == [{"text": "Be brief."}, point]
    assert made["toolConfig"]["tools"][1:] == [point]
    assert [point in message["content"] for message in made["messages"]] == [False, False, True]
    assert made["messages"][-1]["content"][-1] == point


def test_nothing_to_cache_has_no_cache_point() -> None:
    made = requested(HI, system=" ", cache_ttl="5m")
    assert "system" not in made
    assert "toolConfig" not in made


def test_a_model_that_refuses_cache_points_gets_none() -> None:
    made = requested(HI, system="Be brief.", model_id=OTHER_MODEL, cache_ttl="1h")
    assert "cachePoint" not in json.dumps(made)


# --- the stream


def test_a_call_is_read_from_its_fragments() -> None:
    decoder = read(*tool("call-1", '{"ci', 'ty": "Pa', 'ris"}'), stop("tool_use"))
    assert completion_of(decoder).stop_reason == StopReason.TOOL_USE
    assert completion_of(decoder).tool_calls == (CALL,)


VALUES = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    st.dictionaries(VALUES, VALUES | st.integers() | st.lists(VALUES)),
    st.booleans(),
    st.lists(st.integers(0, 80)),
)
def test_it_does_not_matter_where_arguments_are_cut(
    arguments: dict[str, Any], escaped: bool, cuts: list[int]
) -> None:
    text = json.dumps(arguments, ensure_ascii=escaped)
    at = [0, *sorted(cuts), len(text)]
    fragments = [text[begin:end] for begin, end in zip(at, at[1:], strict=False)]
    decoder = read(*tool("call-1", *fragments), stop("tool_use"))
    assert completion_of(decoder).tool_calls == (ToolCall("call-1", "weather", arguments),)


@given(st.randoms(use_true_random=False))
def test_blocks_written_at_once_are_told_apart(random: Any) -> None:
    written = {
        0: [delta({"text": "One "}, 0), delta({"text": "moment."}, 0)],
        1: tool("call-1", '{"city": ', '"Paris"}', index=1),
        2: tool("call-2", '{"city"', ': "Rome"}', index=2),
    }
    events = []
    while any(written.values()):
        events.append(written[random.choice([index for index in written if written[index]])].pop(0))
    decoder = read(*events, stop("tool_use"))
    assert completion_of(decoder).tool_calls == (
        CALL,
        ToolCall("call-2", "weather", {"city": "Rome"}),
    )
    assert blocks_of(completion_of(decoder))[0] == {"text": "One moment."}


@pytest.mark.parametrize(
    ("fragments", "arguments"), [([], {}), ([""], {}), (['{"city": "Pa'], None), (["[1]"], None)]
)
def test_a_call_without_an_object_can_be_sent_back(
    fragments: list[str], arguments: dict[str, Any] | None
) -> None:
    completion = completion_of(read(*tool("call-1", *fragments), stop("max_tokens")))
    assert completion.tool_calls == (ToolCall("call-1", "weather", arguments),)
    assert blocks_of(completion)[0]["toolUse"]["input"] == {}


def test_a_call_that_the_service_adds_to_is_ours() -> None:
    """Gateways say of a call what kind it is, and AWS may say more some day."""
    told = {"toolUseId": "call-1", "name": "weather", "type": "server_tool_use", "new": 1}
    pieces = [start({"toolUse": told}), delta({"toolUse": {"input": '{"city": "Paris"}'}}), stop()]
    assert completion_of(read(*pieces, tools=["weather"])).tool_calls == (CALL,)
    # Nobody offered that one, so the service answers it.
    assert completion_of(read(*pieces, tools=["time"])).tool_calls == ()


def test_a_call_of_a_tool_that_is_made_up_is_ours() -> None:
    pieces = tool("call-1", '{"city": "Paris"}', name="json<|channel|>x")
    completion = completion_of(read(*pieces, stop("tool_use"), tools=["weather"]))
    assert completion.tool_calls == (CALL._replace(name="json<|channel|>x"),)
    told = Message("user", tool_results=(ToolResult("call-1", "There is no such tool."),))
    made = requested(HI, message_of("", completion), told, tools=(WEATHER,))
    (block,) = made["messages"][1]["content"]
    assert block["toolUse"]["name"] == "json__channel__x"


@pytest.mark.parametrize("half", [r'{"city": "\ud83d"}', '{"city": "\ud83d"}'])
def test_half_characters_are_not_sent_back(half: str) -> None:
    called = {"toolUseId": "call-1", "name": "weather"}
    decoder = ConverseDecoder(MODEL, ["weather"])
    members: list[dict[str, Any]] = [
        {"reasoningContent": {"text": "\ud83d"}},
        {"text": "\ud83d"},
        {"toolUse": {"input": half}},
    ]
    for index, member in enumerate(members):
        start = {"toolUse": called} if "toolUse" in member else {}
        decoder.decode({"contentBlockStart": {"contentBlockIndex": index, "start": start}})
        decoder.decode({"contentBlockDelta": {"contentBlockIndex": index, "delta": member}})
    decoder.decode({"messageStop": {"stopReason": "tool_use"}})
    made = requested(HI, message_of("\ud83d", completion_of(decoder)), TOLD)
    json.dumps(made, ensure_ascii=False).encode()


@pytest.mark.parametrize("said", [{}, {"start": {"text": {}}}])
def test_a_block_that_says_nothing_of_itself_is_text(said: dict[str, Any]) -> None:
    pieces = [event("contentBlockStart", {"contentBlockIndex": 0, **said}), delta({"text": "Yes"})]
    assert blocks_of(completion_of(read(*pieces, stop()))) == ({"text": "Yes"},)


NOVA = "us.amazon.nova-pro-v1:0"


def shown(model_id: str, *pieces: bytes) -> tuple[str, tuple[dict[str, str], ...]]:
    """Return what is shown of a stream, and what is sent back of it."""
    decoder = ConverseDecoder(model_id)
    text = "".join(decoder.decode(each) for each in decoded(*pieces))
    return text, blocks_of(completion_of(decoder))


@pytest.mark.parametrize("ending", [[event("contentBlockStop", {"contentBlockIndex": 0})], []])
def test_thoughts_that_a_model_writes_are_not_shown(ending: list[bytes]) -> None:
    written = ["<thinking> The user", " greets. </think", "ing>\n\nHello", "!"]
    pieces = [*(delta({"text": piece}) for piece in written), *ending, stop()]
    assert shown(NOVA, *pieces) == ("Hello!", ({"text": "".join(written)},))
    assert shown(MODEL, *pieces)[0] == "".join(written)


def test_each_block_of_a_text_may_begin_with_thoughts() -> None:
    pieces = [delta({"text": f"<thinking>{n}</thinking>{n}!"}, n) for n in range(2)]
    assert shown(NOVA, *pieces, stop())[0] == "0!1!"


def test_a_text_that_could_have_been_thoughts_is_not_lost() -> None:
    assert shown(NOVA, delta({"text": "<thin"}), stop("max_tokens"))[0] == "<thin"


THOUGHTS = [
    delta({"reasoningContent": {"text": "The user "}}, 0),
    delta({"reasoningContent": {"text": "wants Paris."}}, 0),
    delta({"reasoningContent": {"signature": "c2lnbmVk"}}, 0),
    delta({"reasoningContent": {"redactedContent": base64.b64encode(b"\x00\xff").decode()}}, 1),
    delta({"text": "Let me see."}, 2),
    *tool("call-1", '{"city": "Paris"}', index=3),
]


def test_a_message_is_sent_back_to_its_model_unchanged() -> None:
    completion = completion_of(read(*THOUGHTS, stop("tool_use")))
    asked = Message(
        "assistant",
        "Let me see.",
        completion.tool_calls,
        provider_content=completion.provider_content,
    )
    assert requested(HI, asked, TOLD)["messages"][1]["content"] == [
        {
            "reasoningContent": {
                "reasoningText": {"text": "The user wants Paris.", "signature": "c2lnbmVk"}
            }
        },
        {"reasoningContent": {"redactedContent": b"\x00\xff"}},
        {"text": "Let me see."},
        {"toolUse": {"toolUseId": "call-1", "name": "weather", "input": {"city": "Paris"}}},
    ]


def test_another_model_does_not_get_the_thoughts() -> None:
    completion = completion_of(read(*THOUGHTS, stop("tool_use")))
    asked = Message(
        "assistant",
        "Let me see.",
        completion.tool_calls,
        provider_content=completion.provider_content,
    )
    made = requested(HI, asked, TOLD, model_id=OTHER_MODEL)
    assert made["messages"] == requested(HI, ASKED, TOLD, model_id=OTHER_MODEL)["messages"]


def test_hidden_thoughts_keep_their_signature() -> None:
    thought = delta({"reasoningContent": {"signature": "c2lnbmVk"}}, 0)
    completion = completion_of(read(thought, delta({"text": "Yes"}, 1), stop()))
    assert blocks_of(completion)[0] == {
        "reasoningContent": {"reasoningText": {"text": "", "signature": "c2lnbmVk"}}
    }


def test_thoughts_may_have_no_signature() -> None:
    thought = delta({"reasoningContent": {"text": "hm"}}, 0)
    completion = completion_of(read(thought, delta({"text": "Yes"}, 1), stop()))
    assert blocks_of(completion)[0] == {"reasoningContent": {"reasoningText": {"text": "hm"}}}


@pytest.mark.parametrize(
    "pieces", [[], [delta({"reasoningContent": {"text": "hm"}})], [delta({"text": " \n"})]]
)
def test_what_says_nothing_is_not_kept(pieces: list[bytes]) -> None:
    completion = completion_of(read(*pieces, stop("max_tokens")))
    assert completion.provider_content is None


@pytest.mark.parametrize("guarded_late", [True, False])
def test_a_guardrail_that_was_late_retracts_the_text(guarded_late: bool) -> None:
    pieces = [delta({"text": "A bad "}), *tool("call-1", "{}", index=1)]
    completion = completion_of(
        read(*pieces, stop("guardrail_intervened"), guarded_late=guarded_late)
    )
    expected = StopReason.RETRACTED if guarded_late else StopReason.BLOCKED
    assert completion.stop_reason == expected
    assert completion.tool_calls == ()
    assert completion.provider_content is None


def test_a_guardrail_that_finds_nothing_does_nothing() -> None:
    completion = completion_of(read(delta({"text": "Good."}), stop(), guarded_late=True))
    assert completion.stop_reason == StopReason.END_TURN


def test_cached_tokens_are_counted() -> None:
    metadata = {
        "usage": {
            "inputTokens": 7,
            "outputTokens": 2,
            "totalTokens": 1044,
            "cacheReadInputTokens": 1024,
            "cacheWriteInputTokens": 11,
            "cacheDetails": [{"ttl": "1h", "inputTokens": 11}],
        },
        "metrics": {"latencyMs": 345},
    }
    completion = completion_of(read(delta({"text": "Hi"}), stop(), event("metadata", metadata)))
    assert completion[2:7] == (7, 2, 345, 1024, 11)


@pytest.mark.parametrize(
    "piece",
    [
        event("brandNew", {"text": "no"}),
        start({"hologram": {"depth": 3}}),
        start({"toolUse": {"toolUseId": "s", "name": "web", "type": "server_tool_use"}}),
        start({"toolResult": {"toolUseId": "s", "status": "success"}}),
        delta({"hologram": {"text": "no"}}),
        delta({"reasoningContent": {"mood": "no"}}),
        delta({"toolResult": [{"text": "no"}]}),
        delta({"toolUse": {"input": "{}"}}),
        delta({"citation": {"title": "no"}}),
        event("contentBlockStop", {"contentBlockIndex": 7}),
    ],
)
def test_what_is_new_is_passed_over(piece: bytes) -> None:
    completion = completion_of(read(piece, delta({"text": "yes"}, 1), stop()))
    assert blocks_of(completion) == ({"text": "yes"},)
    assert completion.tool_calls == ()


@pytest.mark.parametrize(
    ("word", "stop_reason"),
    [
        ("end_turn", StopReason.END_TURN),
        ("stop_sequence", StopReason.STOP_SEQUENCE),
        ("max_tokens", StopReason.MAX_TOKENS),
        ("model_context_window_exceeded", StopReason.MAX_TOKENS),
        ("content_filtered", StopReason.REFUSED),
        ("refusal", StopReason.REFUSED),
        ("malformed_tool_use", StopReason.OTHER),
        ("something_new", StopReason.OTHER),
    ],
)
def test_a_reason_to_stop_has_our_word(word: str, stop_reason: StopReason) -> None:
    assert completion_of(read(delta({"text": "Yes"}), stop(word))).stop_reason is stop_reason


def test_without_a_stop_nothing_is_complete() -> None:
    assert read(*tool("call-1", "{}")).completion is None
