"""What the fulfillment Lambda may call."""

from __future__ import annotations

import pytest
from fulfillment_stack import IN_VPC, evaluated, settings, statements

from fulfillment.settings import DEFAULT_MODEL_ID

MODEL_KINDS = ("application-inference-profile", "provisioned-model", "imported-model")
POLICIES = [f"arn:aws:iam::123456789012:policy/{name}" for name in ("orders", "documents")]


OF_VPC = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


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


def test_a_role_may_have_a_boundary() -> None:
    stack = evaluated(PermissionsBoundaryArn=POLICIES[0], CreateBot="true")
    for role in stack.of_type("AWS::IAM::Role").values():
        assert role["PermissionsBoundary"] == POLICIES[0]
    assert "PermissionsBoundary" not in evaluated().properties("FulfillmentRole")


@pytest.mark.parametrize(
    ("given", "attached"),
    [
        ({"PolicyArns": POLICIES[0]}, POLICIES[:1]),
        ({"PolicyArns": ",".join(POLICIES)}, POLICIES),
        (IN_VPC, [OF_VPC]),
        (IN_VPC | {"PolicyArns": POLICIES[0]}, [OF_VPC, POLICIES[0]]),
        (IN_VPC | {"PolicyArns": ",".join(POLICIES)}, [OF_VPC, *POLICIES]),
    ],
)
def test_further_policies_are_attached(given: dict[str, str], attached: list[str]) -> None:
    stack = evaluated(**given)
    assert stack.properties("FulfillmentRole")["ManagedPolicyArns"] == attached


def test_further_policies_change_nothing_else() -> None:
    given, not_given = evaluated(PolicyArns=",".join(POLICIES)), evaluated()
    assert statements(given) == statements(not_given)
    del given.resources["FulfillmentRole"], not_given.resources["FulfillmentRole"]
    assert given == not_given
