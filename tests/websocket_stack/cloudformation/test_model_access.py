"""Which models may be asked."""

from __future__ import annotations

from fulfillment.settings import DEFAULT_MODEL_ID
from tests.websocket_stack.cloudformation.fulfillment_stack import evaluated, settings, statements

MODEL_KINDS = ("application-inference-profile", "provisioned-model", "imported-model")


def test_a_profile_and_its_models_may_be_asked() -> None:
    assert statements(evaluated())["AskTheModel"]["Resource"] == [
        f"arn:aws:bedrock:*::foundation-model/{DEFAULT_MODEL_ID.removeprefix('global.')}",
        f"arn:aws:bedrock:eu-central-1:123456789012:inference-profile/{DEFAULT_MODEL_ID}",
    ]


def test_a_plain_model_is_no_profile() -> None:
    stack = evaluated(ModelId="meta.llama5-8b-v1:0", FoundationModelId="meta.llama5-8b-v1:0")
    assert statements(stack)["AskTheModel"]["Resource"] == [
        "arn:aws:bedrock:*::foundation-model/meta.llama5-8b-v1:0"
    ]


def test_fallback_models_may_be_asked() -> None:
    arns = ["arn:aws:bedrock:*::foundation-model/a", "arn:aws:bedrock:*::foundation-model/b"]
    stack = evaluated(FallbackModelIds="a,b", FallbackModelArns=",".join(arns))
    assert statements(stack)["AskTheFallbackModels"]["Resource"] == arns
    assert settings(stack).fallback_model_ids == ("a", "b")
    assert "AskTheFallbackModels" not in statements(evaluated())


def test_a_guardrail_may_be_applied() -> None:
    stack = evaluated(GuardrailId="gr1", GuardrailVersion="2")
    assert statements(stack)["ApplyTheGuardrail"]["Resource"] == [
        "arn:aws:bedrock:eu-central-1:123456789012:guardrail/gr1",
        "arn:aws:bedrock:*:123456789012:guardrail-profile/*",
    ]
    assert (settings(stack).guardrail_id, settings(stack).guardrail_version) == ("gr1", "2")
    assert "ApplyTheGuardrail" not in statements(evaluated())


def test_any_kind_of_model_may_be_named() -> None:
    arns = [f"arn:aws:bedrock:eu-central-1:123456789012:{kind}/x" for kind in MODEL_KINDS]
    stack = evaluated(ModelId=arns[0], ModelArns=",".join(arns))
    assert statements(stack)["AskTheModel"]["Resource"] == arns
