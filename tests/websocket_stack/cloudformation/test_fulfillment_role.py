"""The role of the fulfillment Lambda; tests/test_iam.py sees that it allows what is called."""

from __future__ import annotations

from tests.websocket_stack.cloudformation.fulfillment_stack import evaluated

BOUNDARY = "arn:aws:iam::123456789012:policy/orders"


def test_a_role_may_have_a_boundary() -> None:
    stack = evaluated(PermissionsBoundaryArn=BOUNDARY, CreateBot="true")
    for role in stack.of_type("AWS::IAM::Role").values():
        assert role["PermissionsBoundary"] == BOUNDARY
    assert "PermissionsBoundary" not in evaluated().properties("FulfillmentRole")
