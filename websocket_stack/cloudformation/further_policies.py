"""The policies that a builder adds for what code of their own calls."""

from __future__ import annotations

from troposphere import If, Parameter, Template

from websocket_stack.cloudformation.lambda_functions import vpc_policies
from websocket_stack.cloudformation.parameters import comma_list, has_items

POLICIES = "PolicyArns"
HAS_POLICIES = "HasPolicies"


def parameter() -> Parameter:
    """Return the parameter that takes them."""
    return comma_list(
        POLICIES,
        "Managed policies for calls of your own code that the templates do not allow.",
        AllowedPattern="|arn:[^:]+:iam::([0-9]{12}|aws):policy/.+",
    )


def add(template: Template) -> If:
    """Add the condition that there are any; return a role's managed policies."""
    template.add_condition(HAS_POLICIES, has_items(POLICIES))
    return vpc_policies(POLICIES, HAS_POLICIES)
