"""What to do with a stack once it is deployed, judging by its outputs."""

from __future__ import annotations

from collections.abc import Mapping

from websocket_stack.deployment.stacks import Stack
from websocket_stack.project import command


def of(stack: Stack, before: Mapping[str, str] | None = None) -> list[str]:
    """Return what to do next, line by line.

    Args:
        stack: the stack as it is now.
        before: its outputs before it was changed; ``None`` if it is new.
    """
    outputs = stack.outputs
    lines = []
    endpoint = outputs.get("WebSocketEndpoint")
    if endpoint and before is not None and endpoint != before.get("WebSocketEndpoint"):
        lines.append("The WebSocket endpoint is another one now; clients need the new one.")
    if endpoint and "TaskTableName" in outputs:
        lines += _for_tasks(outputs)
    elif endpoint:
        lines += [
            "For Lex Web UI, as parameters of its stack:",
            "  AllowStreamingResponses=true",
            f"  StreamingWebSocketEndpoint={endpoint}",
        ]
    elif before and "WebSocketEndpoint" in before:
        lines.append("The WebSocket API is gone; for Lex Web UI: AllowStreamingResponses=false")
    table_name = outputs.get("SessionTableName") or outputs.get("DynamoTableName")
    if (connections := outputs.get("ConnectionsEndpoint")) and table_name:
        lines += [
            "For a fulfillment Lambda of your own, as its environment:",
            f"  STREAMING_ENDPOINT={connections}",
            f"  SESSION_TABLE={table_name}",
        ]
    if "GraphQlUrl" in outputs:
        lines += _for_graphql(outputs)
    if endpoint:
        token = " --token TOKEN" if outputs.get("SignIn") == "JWT" else ""
        lines.append(f"To see that it works: {command('smoke')} --stack {stack.name}{token}")
    return lines


def _for_tasks(outputs: Mapping[str, str]) -> list[str]:
    lines = [f"Clients connect to {outputs['WebSocketEndpoint']}"]
    if outputs.get("SignIn") == "AWS_IAM":
        lines.append(f"and sign that; they need execute-api:Invoke on {outputs['ConnectArn']}")
    return lines


def _for_graphql(outputs: Mapping[str, str]) -> list[str]:
    lines = [
        f"Clients ask at {outputs['GraphQlUrl']}",
        f"and subscribe at {outputs['RealtimeUrl']}",
    ]
    if "ApiKey" in outputs:
        lines.append(f"with the header x-api-key: {outputs['ApiKey']}")
    if "FieldsArn" in outputs:
        lines.append(f"and sign that; they need appsync:GraphQL on {outputs['FieldsArn']}")
    return lines
