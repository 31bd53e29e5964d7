"""The role of the fulfillment Lambda: what its code calls, on exactly which resources, and the
policies that a bot builder adds for code of their own.
"""

from __future__ import annotations

from typing import Any

from troposphere import If, NoValue, Sub, Template, iam, logs

from websocket_stack.cloudformation import conversation_table, further_policies, model_access
from websocket_stack.cloudformation.lambda_functions import allow, lambda_role
from websocket_stack.cloudformation.parameters import STREAMING
from websocket_stack.cloudformation.websocket_api import STAGE


def add(template: Template, group: logs.LogGroup) -> iam.Role:
    """Add the role, which may write to the function's log group, and the conditions it needs."""
    model_access.add_conditions(template)
    policies = further_policies.add(template)
    return template.add_resource(
        lambda_role(
            "FulfillmentRole",
            group,
            [*model_access.statements(), *_streaming_statements(), conversation_table.statement()],
            policies,
        )
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
