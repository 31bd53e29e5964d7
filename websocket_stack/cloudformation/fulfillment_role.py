"""The role of the fulfillment Lambda: what its code calls, on exactly which resources, and the
policies that a bot builder adds for code of their own.
"""

from __future__ import annotations

from typing import Any

from troposphere import Equals, If, Not, NoValue, Parameter, Ref, Sub, Template, iam, logs

from websocket_stack.cloudformation import conversation_table
from websocket_stack.cloudformation.lambda_functions import lambda_role, vpc_policies
from websocket_stack.cloudformation.parameters import (
    STREAMING,
    comma_list,
    has_items,
    is_given,
)
from websocket_stack.cloudformation.websocket_api import STAGE

POLICIES = "PolicyArns"
HAS_POLICIES = "HasPolicies"


def parameter() -> Parameter:
    """Return the parameter that takes further policies."""
    return comma_list(
        POLICIES,
        "Managed policies for what a bot of your own calls, beside what the templates allow.",
        AllowedPattern="|arn:[^:]+:iam::([0-9]{12}|aws):policy/.+",
    )


def add(template: Template, group: logs.LogGroup) -> iam.Role:
    """Add the role, which may write to the function's log group, and the conditions it needs."""
    template.add_condition("IsProfile", Not(Equals(Ref("ModelId"), Ref("FoundationModelId"))))
    template.add_condition("HasModelArns", has_items("ModelArns"))
    template.add_condition("HasFallback", has_items("FallbackModelArns"))
    template.add_condition("HasGuardrail", is_given("GuardrailId"))
    template.add_condition(HAS_POLICIES, has_items(POLICIES))
    return template.add_resource(
        lambda_role(
            "FulfillmentRole",
            group,
            [*_statements(), conversation_table.statement()],
            vpc_policies(POLICIES, HAS_POLICIES),
        )
    )


def _statements() -> list[Any]:
    return [
        _allow(
            "AskTheModel",
            # There is no bedrock:ConverseStream.
            # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
            "bedrock:InvokeModelWithResponseStream",
            If(
                "HasModelArns",
                Ref("ModelArns"),
                [
                    _bedrock("*:", "foundation-model/${FoundationModelId}"),
                    If(
                        "IsProfile",
                        _bedrock(
                            "${AWS::Region}:${AWS::AccountId}", "inference-profile/${ModelId}"
                        ),
                        NoValue,
                    ),
                ],
            ),
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
                [
                    _bedrock("${AWS::Region}:${AWS::AccountId}", "guardrail/${GuardrailId}"),
                    # Of guardrails that are applied across Regions, as the Standard tier demands.
                    # https://docs.aws.amazon.com/bedrock/latest/userguide/guardrail-profiles-permissions.html
                    _bedrock("*:${AWS::AccountId}", "guardrail-profile/*"),
                ],
            ),
            NoValue,
        ),
        If(
            STREAMING,
            _allow(
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


def _allow(sid: str, action: str | list[str], resource: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}


def _bedrock(owner: str, name: str) -> Sub:
    return Sub(f"arn:${{AWS::Partition}}:bedrock:{owner}:{name}")
