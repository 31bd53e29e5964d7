"""Bedrock Runtime as boto3 speaks it, on the running stack; what fails, in memory too."""

from __future__ import annotations

import json
from contextlib import closing
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import EventStreamError
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from fulfillment.errors import ModelError, ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Message, Prompt, ToolResult, ToolSpec
from fulfillment.models.bedrock.converse import ConverseModel
from fulfillment.testing import ScriptedModel
from tests.stack_fixture import PASSAGE, QUESTION, client, running_app
from websocket_stack.local.aws_json import ServiceError, error_response
from websocket_stack.local.bedrock import routes as bedrock_routes

pytestmark = pytest.mark.slow

MODEL_ID = "global.anthropic.claude-haiku-5-5"
PROFILE_ARN = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{MODEL_ID}"
ORDER = "Where is my order A-1042?"
SCHEMA = {
    "type": "object",
    "properties": {"order_id": {"type": "string"}},
    "required": ["order_id"],
}
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
REPLY_BEGINS = "A lighthouse keeper trims the wick"


def request(text: str) -> dict[str, Any]:
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
def test_converse_replies_for_any_model_id(bedrock: Any, model_id: str) -> None:
    response = bedrock.converse(modelId=model_id, **request(QUESTION))

    [block] = response["output"]["message"]["content"]
    assert block["text"].startswith(REPLY_BEGINS)
    assert response["output"]["message"]["role"] == "assistant"
    assert response["stopReason"] == "end_turn"
    usage = response["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"] > 0
    assert response["metrics"]["latencyMs"] > 0


@pytest.mark.parametrize("model_id", [MODEL_ID, PROFILE_ARN])
def test_converse_stream_writes_the_same_reply(bedrock: Any, model_id: str) -> None:
    whole = bedrock.converse(modelId=MODEL_ID, **request(QUESTION))
    with closing(
        bedrock.converse_stream(modelId=model_id, **request(QUESTION))["stream"]
    ) as stream:
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


def test_max_tokens_end_the_reply(bedrock: Any) -> None:
    response = bedrock.converse(
        modelId=MODEL_ID, **request(QUESTION), inferenceConfig={"maxTokens": 4}
    )

    assert response["stopReason"] == "max_tokens"
    assert response["usage"]["outputTokens"] == 4
    assert PASSAGE.text.startswith(response["output"]["message"]["content"][0]["text"])


def test_invoke_model_replies_in_anthropics_form(bedrock: Any) -> None:
    response = bedrock.invoke_model(modelId=PROFILE_ARN, body=anthropic(QUESTION))
    with response["body"] as body:
        reply = json.loads(body.read())

    assert response["contentType"] == "application/json"
    assert reply["content"][0]["text"].startswith(REPLY_BEGINS)
    assert reply["stop_reason"] == "end_turn"
    assert reply["usage"]["output_tokens"] > 20


def test_invoke_model_with_response_stream(bedrock: Any) -> None:
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


def test_a_tool_is_called_and_its_result_told(bedrock: Any) -> None:
    whole = bedrock.converse(modelId=MODEL_ID, **request(ORDER), toolConfig=TOOLS)
    message = whole["output"]["message"]
    assert whole["stopReason"] == "tool_use"
    assert message["content"][0] == {"text": "Let me look that up."}
    call = message["content"][1]["toolUse"]
    assert (call["name"], call["input"]) == ("find_order", {"order_id": "A-1042"})

    [question] = request(ORDER)["messages"]
    results = {
        "role": "user",
        "content": [
            {
                "toolResult": {
                    "toolUseId": call["toolUseId"],
                    "content": [{"json": {"state": "sent", "when": "today"}}],
                }
            }
        ],
    }
    reply = bedrock.converse(
        modelId=MODEL_ID, messages=[question, message, results], toolConfig=TOOLS
    )
    assert reply["stopReason"] == "end_turn"
    assert reply["output"]["message"]["content"] == [
        {"text": "The tool `find_order` says:\n\n- **state**: sent\n- **when**: today"}
    ]


def test_the_adapter_calls_a_tool(bedrock: Any) -> None:
    model = ConverseModel(bedrock, MODEL_ID, cache_ttl="5m")
    tool = ToolSpec("find_order", "Finds an order.", SCHEMA)
    prompt = Prompt((Message("user", ORDER),), "Be brief.", tools=(tool,))
    answer = model.ask(prompt)

    assert "".join(answer) == "Let me look that up."
    completion = answer.completion
    assert completion is not None
    [call] = completion.tool_calls
    assert (call.name, call.arguments) == ("find_order", {"order_id": "A-1042"})
    messages = (
        *prompt.messages,
        Message("assistant", tool_calls=(call,), provider_content=completion.provider_content),
        Message("user", tool_results=(ToolResult(call.id, "It is lost.", failed=True),)),
    )
    assert "".join(model.ask(prompt._replace(messages=messages))) == (
        "The tool `find_order` could not do that. It says: It is lost."
    )


@pytest.mark.parametrize("operation", ["converse", "converse_stream"])
def test_an_invalid_request_is_refused(bedrock: Any, operation: str) -> None:
    with pytest.raises(bedrock.exceptions.ValidationException) as refused:
        getattr(bedrock, operation)(modelId=MODEL_ID, **request(" "))
    assert refused.value.response["Error"]["Message"] == (
        "The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to"
        " the text field, and try again."
    )


@pytest.mark.parametrize("body", [b"no JSON", b"{}", anthropic(" ")])
def test_an_invalid_body_is_refused(bedrock: Any, body: bytes) -> None:
    for operation in ("invoke_model", "invoke_model_with_response_stream"):
        with pytest.raises(bedrock.exceptions.ValidationException):
            getattr(bedrock, operation)(modelId=MODEL_ID, body=body)


def test_a_later_failure_is_an_error_in_the_stream(bedrock: Any) -> None:
    written = []
    with closing(bedrock.converse_stream(modelId=MODEL_ID, **request("break"))["stream"]) as stream:
        with pytest.raises(EventStreamError) as broken:
            for event in stream:
                written.append(event.get("contentBlockDelta", {}).get("delta", {}).get("text"))

    assert written == [None, "Once upon ", "a time"]
    assert broken.value.response["Error"]["Code"] == "modelStreamErrorException"


def test_a_model_that_breaks_has_no_whole_reply(bedrock: Any) -> None:
    with pytest.raises(bedrock.exceptions.ServiceUnavailableException):
        bedrock.converse(modelId=MODEL_ID, **request("break"))


def test_the_adapter_reads_a_reply(bedrock: Any) -> None:
    answer = ConverseModel(bedrock, PROFILE_ARN).ask(Prompt((Message("user", QUESTION),)))

    assert "".join(answer).startswith(REPLY_BEGINS)
    assert answer.completion is not None
    assert answer.completion.stop_reason == "end_turn"
    assert (answer.completion.input_tokens or 0) > 0


# --- a model of the test's own


def app_of(*script: Any) -> tuple[Starlette, ScriptedModel]:
    model = ScriptedModel(script, repeats=True)
    app = Starlette(
        routes=bedrock_routes.routes(model), exception_handlers={ServiceError: error_response}
    )
    return app, model


def post(app: Starlette, operation: str, body: str | bytes, model_id: str = MODEL_ID) -> Any:
    with TestClient(app) as http:
        return http.post(f"/model/{quote(model_id, safe='')}/{operation}", content=body)


def test_the_prompt_reaches_the_model() -> None:
    app, model = app_of("hello")
    post(app, "converse", json.dumps(request("Grüß Gott 👋")).encode())

    assert [each.messages for each in model.prompts] == [(Message("user", "Grüß Gott 👋"),)]


def test_empty_chunks_are_not_written() -> None:
    app, model = app_of("", "hel", "", "lo")
    buffer: Any = EventStreamBuffer()
    response = post(app, "converse-stream", json.dumps(request("hello")).encode())
    buffer.add_data(response.content)
    deltas = [
        json.loads(each.payload)["delta"]["text"]
        for each in buffer
        if each.headers[":event-type"] == "contentBlockDelta"
    ]

    assert response.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert deltas == ["hel", "lo"]
    assert model.streams[0].closed.is_set()


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
def test_an_early_failure_has_a_status(
    operation: str, error: ModelError, status: int, code: str
) -> None:
    body = anthropic("hello") if operation.startswith("invoke") else json.dumps(request("hello"))
    response = post(app_of(error)[0], operation, body)

    assert (response.status_code, response.headers["x-amzn-ErrorType"]) == (status, code)
    assert response.json() == {"message": str(error)}


def test_only_post_is_taken() -> None:
    with TestClient(app_of("hello")[0]) as http:
        assert http.get(f"/model/{MODEL_ID}/converse").status_code == 405
        assert http.post(f"/model/{MODEL_ID}/count-tokens").status_code == 404


def test_a_stream_opens_before_a_slow_model_begins() -> None:
    begin = Event()
    app = Starlette(
        routes=[
            *bedrock_routes.routes(ScriptedModel([begin, "Hello."]), open_after_seconds=0.01),
            Route("/health", lambda request: Response("ok")),
        ]
    )
    with running_app(app) as origin, closing(client("bedrock-runtime", origin)) as slow:
        with closing(slow.converse_stream(modelId="m", **request("Hi"))["stream"]) as stream:
            events = iter(stream)
            assert "messageStart" in next(events)
            begin.set()
            written = [event for event in events if "contentBlockDelta" in event]
    assert [event["contentBlockDelta"]["delta"]["text"] for event in written] == ["Hello."]
