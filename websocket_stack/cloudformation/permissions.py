"""What the role of the fulfillment Lambda allows: what its code calls, on exactly what."""

from __future__ import annotations

from typing import Any

from troposphere import (
    If,
    NoValue,
    Ref,
    Sub,
)

from websocket_stack.cloudformation.shared import STREAMING
from websocket_stack.cloudformation.websocket_api import STAGE


def statements() -> list[Any]:
    """Return what the code calls, each on exactly what it calls it on."""
    return [
        _allow(
            "AskTheModel",
            # There is no bedrock:ConverseStream.
            # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
            "bedrock:InvokeModelWithResponseStream",
            [
                _bedrock("*:", "foundation-model/${FoundationModelId}"),
                If(
                    "IsProfile",
                    _bedrock("${AWS::Region}:${AWS::AccountId}", "inference-profile/${ModelId}"),
                    NoValue,
                ),
            ],
        ),
        If(
            "HasFallback",
            _allow(
                "AskTheFallbackModels",
                "bedrock:InvokeModelWithResponseStream",
                Ref("FallbackModelArns"),
            ),
            NoValue,
        ),
        If(
            "HasGuardrail",
            _allow(
                "ApplyTheGuardrail",
                "bedrock:ApplyGuardrail",
                _bedrock("${AWS::Region}:${AWS::AccountId}", "guardrail/${GuardrailId}"),
            ),
            NoValue,
        ),
        If(
            STREAMING,
            _allow(
                "FindTheConnection",
                "dynamodb:GetItem",
                Sub(
                    "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}"
                    ":table/${SessionTableName}"
                ),
            ),
            NoValue,
        ),
        If(
            STREAMING,
            _allow(
                "PostFrames",
                "execute-api:ManageConnections",
                Sub(
                    "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"
                    f":${{WebSocketId}}/{STAGE}/POST/@connections/*"
                ),
            ),
            NoValue,
        ),
    ]


def _allow(sid: str, action: str, resource: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}


def _bedrock(owner: str, name: str) -> Sub:
    return Sub(f"arn:${{AWS::Partition}}:bedrock:{owner}:{name}")
