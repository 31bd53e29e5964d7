"""The fulfillment Lambda: how it runs, and what its code calls, on exactly which resources."""

from __future__ import annotations

from typing import Any

from troposphere import If, NoValue, Ref, Sub, Template
from troposphere.awslambda import Alias, Function

from websocket_stack.cloudformation import (
    conversation_table,
    fulfillment_environment,
    versioned_function,
)
from websocket_stack.cloudformation.lambda_functions import allow
from websocket_stack.cloudformation.parameters import STREAMING
from websocket_stack.cloudformation.websocket_api import STAGE

HANDLER = "fulfillment.handler.lambda_handler"


def add(template: Template) -> tuple[Function, Alias]:
    """Add the function with its role and log group, its version, and the alias to call it by."""
    return versioned_function.add(
        template,
        "Fulfillment",
        [*_streaming_statements(), conversation_table.statement()],
        description="Answers a Lex V2 bot",
        variables=fulfillment_environment.variables(),
        # Switching streaming or memory needs no new revision.
        switches=[
            If(STREAMING, Ref("WebSocketId"), "silent"),
            If(conversation_table.REMEMBERS, "remembering", "forgetful"),
        ],
        # Just over the 30 seconds that Lex waits: nothing is paid for after that.
        Timeout=31,
    )


def _streaming_statements() -> list[Any]:
    return [
        If(
            STREAMING,
            allow(
                "FindTheConnection",
                # A turn keeps the row of its session from expiring.
                ["dynamodb:GetItem", "dynamodb:UpdateItem"],
                Sub(
                    "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}"
                    ":table/${SessionTableName}"
                ),
            ),
            NoValue,
        ),
        If(
            STREAMING,
            allow(
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
