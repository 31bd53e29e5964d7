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


def test_another_endpoint_is_said() -> None:
    stack = Stack("arn", "lex", "UPDATE_COMPLETE", outputs=ENDPOINTS)
    said = "The WebSocket endpoint is another one now; clients need the new one."

    assert next_steps.of(stack, {"WebSocketEndpoint": "wss://old.example/Prod"})[0] == said
    assert next_steps.of(stack, {})[0] == said
    assert said not in next_steps.of(stack, ENDPOINTS)
    assert said not in next_steps.of(stack)


def test_an_endpoint_that_is_gone_is_said() -> None:
    (line,) = next_steps.of(Stack("arn", "lex", "UPDATE_COMPLETE"), ENDPOINTS)
    assert line.startswith("The WebSocket API is gone")


def test_clients_of_tasks_are_told_where_to_connect() -> None:
    tasks = {"WebSocketEndpoint": "wss://a.example/dev", "TaskTableName": "t", "ConnectArn": "arn"}
    lines = steps(**tasks, SignIn="AWS_IAM")
    assert lines[0] == "Clients connect to wss://a.example/dev"
    assert "execute-api:Invoke on arn" in lines[1]
    assert lines[-1].endswith("scripts/smoke --stack lex")
    assert steps(**tasks, SignIn="JWT")[-1].endswith("--stack lex --token TOKEN")
    assert not any("Lex Web UI" in line for line in lines)
    assert len(steps(**tasks, SignIn="NONE")) == len(lines) - 1


def test_clients_of_a_graphql_chat_are_told_where_to_ask_and_how() -> None:
    chat = {"GraphQlUrl": "https://a.example/graphql", "RealtimeUrl": "wss://a.example/graphql"}
    assert steps(**chat, TaskTableName="t") == [
        "Clients ask at https://a.example/graphql",
        "and subscribe at wss://a.example/graphql",
    ]
    assert steps(**chat, ApiKey="da2-1")[-1] == "with the header x-api-key: da2-1"
    assert "appsync:GraphQL on arn" in steps(**chat, FieldsArn="arn")[-1]
