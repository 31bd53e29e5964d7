import json

import pytest
import urllib3
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

import aws_stub
from fulfillment.errors import ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Message, Prompt, ToolCall, ToolResult, ToolSpec
from fulfillment.models.bedrock.converse import BedrockModel
from websocket_stack.local.bedrock.event_stream import event, exception

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


def delta(member):
    return event("contentBlockDelta", {"contentBlockIndex": 0, "delta": member})


def text(chunk):
    return delta({"text": chunk})


def tool_use(call_id, *fragments):
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


def ask(*replies, model_id="m", fields=None, prompt=PROMPT, **options):
    client, sent = aws_stub.client("bedrock-runtime", *replies)
    return BedrockModel(client, model_id, fields, **options).ask(prompt), sent


def texts(answer):
    return [chunk for chunk in answer if chunk]


def read(answer):
    """Read until the end or the error; return what was written and the error."""
    chunks = []
    try:
        for chunk in answer:
            chunks.append(chunk)
    except Exception as exc:
        return "".join(chunks), exc
    return "".join(chunks), None


def test_text_deltas_are_yielded_and_what_is_known_at_the_end_is_kept():
    answer, _ = ask(aws_stub.streamed(START, text("Hel"), text("lo"), STOP, METADATA))
    assert texts(answer) == ["Hel", "lo"]
    assert answer.completion[:5] == ("m", "end_turn", 7, 2, 345)


def test_an_event_without_text_is_a_sign_of_life():
    answer, _ = ask(aws_stub.streamed(START, delta({"reasoningContent": {"text": "hm"}}), STOP))
    assert list(answer) == ["", "", ""]


def test_the_call_starts_with_the_first_chunk_asked_for():
    answer, sent = ask(aws_stub.streamed(STOP))
    assert sent == []
    list(answer)
    assert len(sent) == 1


def test_the_request_is_what_converse_takes():
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
def test_a_model_is_asked_to_write_at_once_unless_told_otherwise(model_id, fields, sent_fields):
    answer, sent = ask(aws_stub.streamed(STOP), model_id=model_id, fields=fields)
    list(answer)
    assert json.loads(sent[0].body).get("additionalModelRequestFields") == sent_fields


def test_a_tool_is_called_and_its_result_told():
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
    model = BedrockModel(client, "m")
    prompt = PROMPT._replace(tools=(ToolSpec("weather", "", {"type": "object"}),))
    asked = model.ask(prompt)
    assert texts(asked) == []
    assert asked.completion.tool_calls == (ToolCall("call-1", "weather", {"city": "Paris"}),)

    said = Message("assistant", "", asked.completion.tool_calls, verbatim=asked.completion.verbatim)
    told = Message("user", tool_results=(ToolResult("call-1", "sunny"),))
    answer = model.ask(prompt._replace(messages=(*prompt.messages, said, told)))
    assert texts(answer) == ["Sunny."]
    body = json.loads(sent[1].body)
    assert body["messages"][1]["content"] == [
        {"reasoningContent": {"redactedContent": "AP8="}},
        {"reasoningContent": {"reasoningText": {"text": "", "signature": "c2lnbmVk"}}},
        {"toolUse": {"toolUseId": "call-1", "name": "weather", "input": {"city": "Paris"}}},
    ]
    assert body["toolConfig"] == json.loads(sent[0].body)["toolConfig"]


def test_a_call_that_was_cut_off_before_any_text_may_be_tried_again():
    answer, _ = ask(aws_stub.streamed(START, *tool_use("call-1", '{"city"')))
    assert isinstance(read(answer)[1], ModelUnavailable)
    assert answer.completion is None


def test_a_guardrail_that_was_late_withdraws_what_was_written():
    late = {"guardrailIdentifier": "gr1", "guardrailVersion": "2", "streamProcessingMode": "async"}
    stop = event("messageStop", {"stopReason": "guardrail_intervened"})
    answer, sent = ask(aws_stub.streamed(START, text("bad"), stop, METADATA), guardrail=late)
    assert texts(answer) == ["bad"]
    assert answer.completion.withdrawn
    assert json.loads(sent[0].body)["guardrailConfig"] == late


@pytest.mark.parametrize("mode", [{}, {"streamProcessingMode": "sync"}])
def test_what_a_guardrail_let_pass_stands(mode):
    guardrail = {"guardrailIdentifier": "gr1", "guardrailVersion": "2", **mode}
    stop = event("messageStop", {"stopReason": "guardrail_intervened"})
    answer, _ = ask(aws_stub.streamed(START, text("Sorry."), stop), guardrail=guardrail)
    assert texts(answer) == ["Sorry."]
    assert not answer.completion.withdrawn


def test_what_was_read_is_kept_for_the_next_request():
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
def test_only_text_is_text(member):
    answer, _ = ask(aws_stub.streamed(START, delta(member), text("yes"), STOP))
    assert texts(answer) == ["yes"]


def test_events_that_are_new_to_this_sdk_are_skipped():
    answer, _ = ask(aws_stub.streamed(event("brandNew", {"text": "no"}), text("yes"), STOP))
    assert texts(answer) == ["yes"]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([START], ModelUnavailable),
        ([START, text("some")], ModelInterrupted),
        ([START, text("some"), text("cut in the middle")[:20]], ModelInterrupted),
    ],
)
def test_a_stream_that_merely_ends_is_not_complete(pieces, expected):
    answer, _ = ask(aws_stub.streamed(*pieces))
    assert type(read(answer)[1]) is expected
    assert answer.completion is None


CORRUPT = text("x")[:-1] + b"\x00"
MIDSTREAM = [
    exception("throttlingException", "slow down"),
    exception("modelStreamErrorException", "broke", originalStatusCode=500),
    exception("modelTimeoutException", "a name that the union does not have"),
    exception("internalServerException", "oops"),
    urllib3.exceptions.ProtocolError("Response ended prematurely"),
    urllib3.exceptions.ReadTimeoutError(None, None, "Read timed out."),  # type: ignore[arg-type]
    ConnectionResetError(104, "reset"),
    CORRUPT,
    event("contentBlockStart", {"contentBlockIndex": 0, "start": {}}),
    event("contentBlockDelta", {"delta": None}),
    event("messageStop", {}),
]


@pytest.mark.parametrize("broken", MIDSTREAM)
def test_whatever_breaks_a_stream_keeps_the_text_so_far(broken):
    answer, _ = ask(aws_stub.streamed(START, text("so far"), broken))
    written, error = read(answer)
    assert written == "so far"
    assert isinstance(error, ModelInterrupted)


@pytest.mark.parametrize("broken", MIDSTREAM)
def test_what_breaks_before_the_first_text_may_be_tried_again(broken):
    answer, _ = ask(aws_stub.streamed(START, broken))
    written, error = read(answer)
    assert written == ""
    assert isinstance(error, ModelUnavailable)


@pytest.mark.parametrize("broken", MIDSTREAM)
def test_what_breaks_after_the_end_loses_nothing(broken):
    answer, _ = ask(aws_stub.streamed(START, text("all of it"), STOP, broken))
    assert read(answer) == ("all of it", None)
    assert answer.completion.stop_reason == "end_turn"


def test_a_request_that_botocore_refuses_is_rejected():
    answer, sent = ask(prompt=PROMPT._replace(max_tokens=0))
    assert type(read(answer)[1]) is ModelRejected
    assert sent == []


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (aws_stub.refused(429, "ThrottlingException"), ModelUnavailable),
        (aws_stub.refused(503, "ServiceUnavailableException"), ModelUnavailable),
        (aws_stub.refused(500, "InternalServerException"), ModelUnavailable),
        (aws_stub.refused(424, "ModelErrorException"), ModelUnavailable),
        (aws_stub.refused(400, "ValidationException", "quotes the prompt"), ModelRejected),
        (aws_stub.refused(403, "AccessDeniedException"), ModelRejected),
        (aws_stub.refused(404, "ResourceNotFoundException"), ModelRejected),
        (aws_stub.raised(ReadTimeoutError(endpoint_url="https://x")), ModelUnavailable),
        (aws_stub.raised(ConnectionClosedError(endpoint_url="https://x")), ModelUnavailable),
    ],
)
def test_a_refused_call_says_whether_another_try_may_help(reply, expected):
    answer, _ = ask(reply)
    written, error = read(answer)
    assert written == ""
    assert type(error) is expected
    assert "quotes" not in str(error)


def test_an_answer_left_early_closes_its_stream():
    body = aws_stub.RawBody([START, text("a"), text("b"), STOP])
    response = aws_stub.AWSResponse(
        "https://x", 200, {"Content-Type": "application/vnd.amazon.eventstream"}, body
    )
    answer, _ = ask(lambda request: response)
    chunks = iter(answer)
    next(chunks)
    chunks.close()
    assert body.closed


def test_an_answer_closed_before_it_began_calls_nobody():
    answer, sent = ask(aws_stub.streamed(text("no"), STOP))
    answer.close()
    assert list(answer) == []
    assert sent == []
