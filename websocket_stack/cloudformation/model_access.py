"""Which models a role may ask, and which guardrail it may apply: those of the parameters."""

from __future__ import annotations

from typing import Any

from troposphere import Equals, If, Not, NoValue, Ref, Sub, Template

from websocket_stack.cloudformation.lambda_functions import allow
from websocket_stack.cloudformation.parameters import has_items, is_given


def add_conditions(template: Template) -> None:
    """Add the conditions that the statements need."""
    template.add_condition("IsProfile", Not(Equals(Ref("ModelId"), Ref("FoundationModelId"))))
    template.add_condition("HasModelArns", has_items("ModelArns"))
    template.add_condition("HasFallback", has_items("FallbackModelArns"))
    template.add_condition("HasGuardrail", is_given("GuardrailId"))


def statements() -> list[Any]:
    """Return the statements of a policy."""
    return [
        allow(
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
            allow(
                "AskTheFallbackModels",
                "bedrock:InvokeModelWithResponseStream",
                Ref("FallbackModelArns"),
            ),
            NoValue,
        ),
        If(
            "HasGuardrail",
            allow(
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
    ]


def _bedrock(owner: str, name: str) -> Sub:
    return Sub(f"arn:${{AWS::Partition}}:bedrock:{owner}:{name}")
