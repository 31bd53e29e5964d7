"""Policies for a builder's own code."""

from __future__ import annotations

import pytest

from tests.websocket_stack.cloudformation.fulfillment_stack import IN_VPC, evaluated, statements

POLICIES = [f"arn:aws:iam::123456789012:policy/{name}" for name in ("orders", "documents")]
OF_VPC = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


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
