"""What to do with a stack once it is deployed, judging by its outputs."""

from __future__ import annotations

from websocket_stack.deployment.stacks import Stack


def of(stack: Stack) -> list[str]:
    """Return what to do next, line by line."""
    outputs = stack.outputs
    lines = []
    if endpoint := outputs.get("WebSocketEndpoint"):
        lines += [
            "For Lex Web UI, as parameters of its stack:",
            "  AllowStreamingResponses=true",
            f"  StreamingWebSocketEndpoint={endpoint}",
        ]
    table_name = outputs.get("SessionTableName") or outputs.get("DynamoTableName")
    if (connections := outputs.get("ConnectionsEndpoint")) and table_name:
        lines += [
            "For a fulfillment Lambda of your own, as its environment:",
            f"  STREAMING_ENDPOINT={connections}",
            f"  SESSION_TABLE={table_name}",
        ]
    if "WebSocketEndpoint" in outputs:
        lines.append(f"To see that it works: scripts/smoke --stack {stack.name}")
    return lines
