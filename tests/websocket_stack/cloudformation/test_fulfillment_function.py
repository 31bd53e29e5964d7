"""The fulfillment Lambda: handler, time, VPC and boundary; tests/test_iam.py has its policies."""

from __future__ import annotations

import importlib

from fulfillment.settings import LEX_TIMEOUT_SECONDS
from tests.websocket_stack.cloudformation.fulfillment_stack import IN_VPC, evaluated

BOUNDARY = "arn:aws:iam::123456789012:policy/orders"


def test_it_outlives_the_patience_of_lex_by_little() -> None:
    assert LEX_TIMEOUT_SECONDS < evaluated().properties("Fulfillment")["Timeout"] <= 35


def test_the_handler_is_there() -> None:
    module, _, function = evaluated().properties("Fulfillment")["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def test_the_function_may_be_in_a_vpc() -> None:
    stack = evaluated(**IN_VPC)
    assert stack.properties("Fulfillment")["VpcConfig"] == {
        "SubnetIds": ["subnet-0a1b"],
        "SecurityGroupIds": ["sg-0a1b"],
    }
    assert "ManagedPolicyArns" in stack.properties("FulfillmentRole")


def test_without_a_vpc_there_is_neither() -> None:
    stack = evaluated()
    assert "VpcConfig" not in stack.properties("Fulfillment")
    assert "ManagedPolicyArns" not in stack.properties("FulfillmentRole")


def test_a_role_may_have_a_boundary() -> None:
    stack = evaluated(PermissionsBoundaryArn=BOUNDARY, CreateBot="true")
    for role in stack.of_type("AWS::IAM::Role").values():
        assert role["PermissionsBoundary"] == BOUNDARY
    assert "PermissionsBoundary" not in evaluated().properties("FulfillmentRole")
