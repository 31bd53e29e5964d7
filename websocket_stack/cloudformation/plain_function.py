"""A Lambda function of ours that asks no model: its role and its log group, without versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from troposphere import GetAtt, Ref, Template
from troposphere.awslambda import Environment, Function

from websocket_stack.cloudformation import versioned_function
from websocket_stack.cloudformation.lambda_functions import lambda_function, lambda_role, log_group


def add(
    template: Template,
    title: str,
    statements: Sequence[Any],
    *,
    handler: str,
    variables: Mapping[str, Any],
    **properties: Any,
) -> Function:
    """Add the function with its log group and its role.

    Args:
        template: where to add them.
        title: the function's logical id.
        statements: what it may do.
        handler: the function that Lambda calls.
        variables: its environment.
        properties: its other properties, as of ``lambda_function``; a condition is that of all
            three.
    """
    when = {"Condition": properties["Condition"]} if "Condition" in properties else {}
    group = template.add_resource(log_group(f"{title}Log", **when))
    role = template.add_resource(lambda_role(f"{title}Role", group, statements, **when))
    return template.add_resource(
        lambda_function(
            title,
            group,
            secrecy="Its environment holds names, and no secret.",
            Architectures=[Ref("Architecture")],
            Handler=handler,
            Code=versioned_function.zip_code(),
            # Clients wait for it, and importing botocore is faster with more memory, and so CPU.
            MemorySize=512,
            Role=GetAtt(role, "Arn"),
            Environment=Environment(Variables=dict(variables)),
            **{"Timeout": 20, **properties},
        )
    )
