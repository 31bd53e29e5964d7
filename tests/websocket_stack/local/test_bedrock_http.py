"""Bedrock Runtime as boto3 speaks it, on the running stack; what fails, in memory too."""

from __future__ import annotations

import json
from contextlib import closing
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from fakes import FakeModel
from fulfillment.errors import ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Message, Prompt
from fulfillment.models.bedrock import BedrockModel
from stack_fixture import PASSAGE, QUESTION, client, running_app
from websocket_stack.local import bedrock_http, eventstream
from websocket_stack.local.aws import ServiceError, error_response

MODEL_ID = "global.anthropic.claude-haiku-5-5"
PROFILE_ARN = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{MODEL_ID}"
REPLY_BEGINS = "A lighthouse keeper trims the wick"


def said(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"text": text}]}]}


def anthropic(text: str, **members: Any) -> bytes:
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": text}],
    }
    return json.dumps(body | members).encode()


# --- boto3 against the running stack


@pytest.mark.parametrize("model_id", [MODEL_ID, PROFILE_ARN, "us.amazon.nova-lite-v1:0"])
def test_converse_replies_whatever_the_model_is_called(bedrock, model_id) -> None:
    response = bedrock.converse(modelId=model_id, **said(QUESTION))

    [block] = response["output"]["message"]["content"]
    assert block["text"].startswith(REPLY_BEGINS)
    assert response["output"]["message"]["role"] == "assistant"
    assert response["stopReason"] == "end_turn"
    usage = response["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"] > 0
    assert response["metrics"]["latencyMs"] > 0


@pytest.mark.parametrize("model_id", [MODEL_ID, PROFILE_ARN])
def test_converse_stream_writes_the_same_reply_in_order(bedrock, model_id) -> None:
    whole = bedrock.converse(modelId=MODEL_ID, **said(QUESTION))
    with closing(bedrock.converse_stream(modelId=model_id, **said(QUESTION))["stream"]) as stream:
        events = list(stream)

    names = [name for event in events for name in event]
    deltas = names.count("contentBlockDelta")
    assert deltas > 20
    assert names == [
        "messageStart",
        *["contentBlockDelta"] * deltas,
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    written = "".join(event["contentBlockDelta"]["delta"]["text"] for event in events[1:-3])
    assert written == whole["output"]["message"]["content"][0]["text"]
    assert events[-2]["messageStop"] == {"stopReason": "end_turn"}
    assert events[-1]["metadata"]["usage"] == whole["usage"]


def test_a_limit_of_tokens_ends_the_reply(bedrock) -> None:
    response = bedrock.converse(
        modelId=MODEL_ID, **said(QUESTION), inferenceConfig={"maxTokens": 4}
    )

    assert response["stopReason"] == "max_tokens"
    assert response["usage"]["outputTokens"] == 4
    assert PASSAGE.text.startswith(response["output"]["message"]["content"][0]["text"])


def test_invoke_model_answers_in_the_words_of_its_maker(bedrock) -> None:
    response = bedrock.invoke_model(modelId=PROFILE_ARN, body=anthropic(QUESTION))
    with response["body"] as body:
        reply = json.loads(body.read())

    assert response["contentType"] == "application/json"
    assert reply["content"][0]["text"].startswith(REPLY_BEGINS)
    assert reply["stop_reason"] == "end_turn"
    assert reply["usage"]["output_tokens"] > 20


def test_invoke_model_with_response_stream_wraps_the_events_of_its_maker(bedrock) -> None:
    response = bedrock.invoke_model_with_response_stream(modelId=MODEL_ID, body=anthropic(QUESTION))
    with closing(response["body"]) as stream:
        parts = [json.loads(event["chunk"]["bytes"]) for event in stream]

    assert response["contentType"] == "application/json"
    assert [part["type"] for part in parts[:2]] == ["message_start", "content_block_start"]
    assert [part["type"] for part in parts[-3:]] == [
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    written = "".join(part["delta"]["text"] for part in parts[2:-3])
    assert written.startswith(REPLY_BEGINS)
    assert parts[-2]["delta"]["stop_reason"] == "end_turn"
    assert parts[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] > 20


@pytest.mark.parametrize("operation", ["converse", "converse_stream"])
def test_a_conversation_without_messages_is_invalid(bedrock, operation) -> None:
    with pytest.raises(bedrock.exceptions.ValidationException) as refused:
        getattr(bedrock, operation)(modelId=MODEL_ID, messages=[])
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize("body", [b"no JSON", b"{}", anthropic(" ")])
def test_a_body_that_the_model_does_not_take_is_invalid(bedrock, body) -> None:
    for operation in ("invoke_model", "invoke_model_with_response_stream"):
        with pytest.raises(bedrock.exceptions.ValidationException):
            getattr(bedrock, operation)(modelId=MODEL_ID, body=body)


@pytest.mark.parametrize("operation", ["converse", "converse_stream"])
@pytest.mark.parametrize(
    ("text", "code", "status"),
    [("refuse", "ValidationException", 400), ("be busy", "ServiceUnavailableException", 503)],
)
def test_what_fails_before_the_first_word_is_an_error(
    bedrock, operation, text, code, status
) -> None:
    with pytest.raises(ClientError) as failed:
        getattr(bedrock, operation)(modelId=MODEL_ID, **said(text))
    assert failed.value.response["Error"]["Code"] == code
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_model_that_breaks_in_the_middle_is_an_error_in_the_stream(bedrock) -> None:
    written = []
    with closing(bedrock.converse_stream(modelId=MODEL_ID, **said("break"))["stream"]) as stream:
        with pytest.raises(EventStreamError) as broken:
            for event in stream:
                written.append(event.get("contentBlockDelta", {}).get("delta", {}).get("text"))

    assert written == [None, "Once upon ", "a time"]
    assert broken.value.response["Error"]["Code"] == "modelStreamErrorException"


def test_a_model_that_breaks_has_no_whole_reply(bedrock) -> None:
    with pytest.raises(bedrock.exceptions.ServiceUnavailableException):
        bedrock.converse(modelId=MODEL_ID, **said("break"))


def test_the_adapter_of_the_project_reads_it_all(bedrock) -> None:
    answer = BedrockModel(bedrock, PROFILE_ARN).ask(Prompt((Message("user", QUESTION),)))

    assert "".join(answer).startswith(REPLY_BEGINS)
    assert answer.completion is not None
    assert answer.completion.stop_reason == "end_turn"
    assert (answer.completion.input_tokens or 0) > 0


def test_the_adapter_of_the_project_notices_that_it_broke(bedrock) -> None:
    answer = BedrockModel(bedrock, MODEL_ID).ask(Prompt((Message("user", "break"),)))
    written = []
    with pytest.raises(ModelInterrupted):
        for chunk in filter(None, answer):
            written.append(chunk)

    assert written == ["Once upon ", "a time"]


# --- a model of the test's own


def app(*script: Any) -> tuple[Starlette, FakeModel]:
    model = FakeModel(*script)
    made = Starlette(
        routes=bedrock_http.routes(model), exception_handlers={ServiceError: error_response}
    )
    return made, model


def post(app: Starlette, operation: str, body: bytes, model_id: str = MODEL_ID) -> Any:
    with TestClient(app) as http:
        return http.post(f"/model/{quote(model_id, safe='')}/{operation}", content=body)


def test_the_prompt_reaches_the_model_as_it_was_sent() -> None:
    made, model = app("hello")
    post(made, "converse", json.dumps(said("Grüß Gott 👋")).encode())

    assert [each.messages for each in model.prompts] == [(Message("user", "Grüß Gott 👋"),)]


def test_chunks_of_nothing_are_not_written() -> None:
    made, model = app("", "hel", "", "lo")
    buffer = EventStreamBuffer()
    response = post(made, "converse-stream", json.dumps(said("hello")).encode())
    buffer.add_data(response.content)
    deltas = [
        json.loads(each.payload)["delta"]["text"]
        for each in buffer
        if each.headers[":event-type"] == "contentBlockDelta"
    ]

    assert response.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert deltas == ["hel", "lo"]
    assert model.answers[0].closed.is_set()


def test_a_reply_of_nothing_is_complete() -> None:
    made, _ = app()
    response = post(made, "converse-stream", json.dumps(said("hello")).encode())
    buffer = EventStreamBuffer()
    buffer.add_data(response.content)

    assert [each.headers[":event-type"] for each in buffer] == [
        "messageStart",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]


@pytest.mark.parametrize(
    "operation", ["converse", "converse-stream", "invoke", "invoke-with-response-stream"]
)
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ModelRejected("no"), 400, "ValidationException"),
        (ModelUnavailable("busy"), 503, "ServiceUnavailableException"),
        (ModelInterrupted("broke"), 503, "ServiceUnavailableException"),
    ],
)
def test_an_error_before_the_first_chunk_has_a_status(operation, error, status, code) -> None:
    body = anthropic("hello") if operation.startswith("invoke") else json.dumps(said("hello"))
    response = post(app(error)[0], operation, body)

    assert (response.status_code, response.headers["x-amzn-ErrorType"]) == (status, code)
    assert response.json() == {"message": str(error)}


def test_only_post_is_taken() -> None:
    with TestClient(app("hello")[0]) as http:
        assert http.get(f"/model/{MODEL_ID}/converse").status_code == 405
        assert http.post(f"/model/{MODEL_ID}/count-tokens").status_code == 404


def test_a_corrupt_byte_on_the_way_is_noticed_by_boto3() -> None:
    async def corrupt(request: Any) -> Response:
        data = bytearray(eventstream.event("messageStart", {"role": "assistant"}))
        data[-6] ^= 0x01
        return Response(bytes(data), media_type=eventstream.CONTENT_TYPE)

    routes = [Route("/model/{rest:path}", corrupt, methods=["POST"])]
    with running_app(Starlette(routes=routes)) as origin:
        with closing(client("bedrock-runtime", origin)) as bedrock:
            with closing(
                bedrock.converse_stream(modelId=MODEL_ID, **said("hello"))["stream"]
            ) as stream:
                with pytest.raises(ChecksumMismatch):
                    list(stream)


def test_a_stream_opens_before_a_slow_model_has_begun() -> None:
    begin = Event()
    app = Starlette(
        routes=[
            *bedrock_http.routes(FakeModel(begin, "Hello."), open_after_seconds=0.01),
            Route("/health", lambda request: Response("ok")),
        ]
    )
    with running_app(app) as origin, closing(client("bedrock-runtime", origin)) as slow:
        with closing(slow.converse_stream(modelId="m", **said("Hi"))["stream"]) as stream:
            events = iter(stream)
            assert "messageStart" in next(events)
            begin.set()
            written = [event for event in events if "contentBlockDelta" in event]
    assert [event["contentBlockDelta"]["delta"]["text"] for event in written] == ["Hello."]


def test_what_fails_after_a_stream_has_opened_is_an_event() -> None:
    fail = Event()
    app = Starlette(
        routes=[
            *bedrock_http.routes(FakeModel(fail, ModelUnavailable("x")), open_after_seconds=0.01),
            Route("/health", lambda request: Response("ok")),
        ]
    )
    with running_app(app) as origin, closing(client("bedrock-runtime", origin)) as slow:
        with closing(slow.converse_stream(modelId="m", **said("Hi"))["stream"]) as stream:
            events = iter(stream)
            next(events)
            fail.set()
            with pytest.raises(EventStreamError):
                list(events)
