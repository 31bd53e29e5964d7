"""What to do with a stack once it is there."""

from __future__ import annotations

from websocket_stack.deployment import next_steps
from websocket_stack.deployment.stacks import Stack

ENDPOINTS = {
    "WebSocketEndpoint": "wss://a.example/Prod",
    "ConnectionsEndpoint": "https://a.example/Prod",
}


def steps(**outputs: str) -> list[str]:
    return next_steps.of(Stack("arn", "lex", "CREATE_COMPLETE", outputs=outputs))


def test_clients_get_what_they_need() -> None:
    lines = [line.strip() for line in steps(**ENDPOINTS, DynamoTableName="lex-sessions")]

    assert "AllowStreamingResponses=true" in lines
    assert "StreamingWebSocketEndpoint=wss://a.example/Prod" in lines
    assert "STREAMING_ENDPOINT=https://a.example/Prod" in lines
    assert "SESSION_TABLE=lex-sessions" in lines
    assert lines[-1].endswith("scripts/smoke --stack lex")


def test_the_whole_stack_names_its_table() -> None:
    assert "  SESSION_TABLE=s" in steps(**ENDPOINTS, SessionTableName="s")


def test_without_streaming_there_are_no_next_steps() -> None:
    assert steps(FunctionArn="arn") == []
