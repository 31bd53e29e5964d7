"""Checkov rules that a resource does not follow, noted on the resource with the reason."""

from __future__ import annotations

from typing import Any

from troposphere import AWSObject

NO_CUSTOMER_KEY = "Encrypted with a key of AWS's unless KmsKeyArn names one of the customer's."


def skip(resource: AWSObject, **reasons: str) -> Any:
    """Have checkov skip rules for a resource.

    Args:
        resource: the resource; its metadata is set.
        reasons: why it does not follow a rule, by the rule's id.

    Returns:
        The resource.
    """
    resource.Metadata = {
        "checkov": {"skip": [{"id": rule, "comment": reason} for rule, reason in reasons.items()]}
    }
    return resource
