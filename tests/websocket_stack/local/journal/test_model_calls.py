"""Calls of models, as they are noted."""

from __future__ import annotations

import json

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from fulfillment.testing.scripted_model import ScriptedModel
from websocket_stack.local.aws_json import ServiceError, error_response
from websocket_stack.local.bedrock import routes as bedrock_routes
from websocket_stack.local.journal.journal import Journal
from websocket_stack.local.journal.model_calls import ModelCalls, reply_of

PATH = "/model/any/converse-stream"
REQUEST = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}


def client(journal: Journal, model: ScriptedModel) -> TestClient:
    return TestClient(
        Starlette(
            routes=bedrock_routes.routes(model),
            middleware=[Middleware(ModelCalls, journal=journal)],
            exception_handlers={ServiceError: error_response},
        )
    )


def test_a_call_is_noted_with_what_it_asked_and_got() -> None:
    journal = Journal()
    invocation = journal.begin("bot", {})
    with client(journal, ScriptedModel(["Hi ", "there."])) as http:
        http.post(PATH, json=REQUEST)

    (call,) = invocation.calls
    assert (call.path, call.request) == (PATH, REQUEST)
    assert call.reply["text"] == "Hi there."
    assert call.reply["stopReason"] == "end_turn"
    assert call.seconds is not None


def test_a_refusal_is_noted() -> None:
    journal = Journal()
    invocation = journal.begin("bot", {})
    with client(journal, ScriptedModel()) as http:
        http.post(PATH, json={"messages": "none"})

    assert "message" in invocation.calls[0].reply


def test_calls_outside_an_invocation_are_not_noted() -> None:
    journal = Journal()
    with client(journal, ScriptedModel(["Hi."])) as http:
        assert http.post(PATH, json=REQUEST).status_code == 200

    assert journal.since(0) == []


def test_tool_calls_are_put_together() -> None:
    start = {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "1", "name": "find"}}}
    deltas = [
        {"contentBlockIndex": 1, "delta": {"toolUse": {"input": part}}} for part in ('{"a"', ": 1}")
    ]
    reply = reply_of(
        [
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Looking."}}),
            ("contentBlockStart", start),
            *[("contentBlockDelta", delta) for delta in deltas],
            ("modelStreamErrorException", {"message": "gone"}),
        ]
    )

    assert reply == {
        "text": "Looking.",
        "toolCalls": [{"name": "find", "input": json.dumps({"a": 1})}],
        "modelStreamErrorException": [{"message": "gone"}],
    }
