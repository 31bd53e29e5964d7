"""The Lambda function that asks the models: its role, its versions, and the alias to call it by.

Its code is the zip of ``scripts/build``, and may be a builder's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from troposphere import (
    And,
    Condition,
    Equals,
    GetAtt,
    If,
    Join,
    Not,
    NoValue,
    Parameter,
    Ref,
    Template,
)
from troposphere.awslambda import (
    Alias,
    Code,
    Environment,
    Function,
    ProvisionedConcurrencyConfiguration,
    SnapStart,
    Version,
)

from websocket_stack.cloudformation import further_policies, model_access
from websocket_stack.cloudformation.lambda_functions import (
    account_parameters,
    lambda_function,
    lambda_role,
    log_group,
    runtime_parameter,
)
from websocket_stack.cloudformation.parameters import choice, is_true, number, switch, text

USES_SNAP_START = "UsesSnapStart"
KEEPS_WARM = "KeepsWarm"
LIMITED = "LimitsConcurrency"


def code_parameters(handler: str) -> list[Parameter]:
    """Return the parameters of the code; ``handler`` is what is called by default."""
    return [
        text("CodeBucket", "The S3 bucket of the zip that scripts/build made.", None),
        # It is part of a version's description, which takes 256 characters.
        text("CodeKey", "The zip's key.", None, MaxLength=128),
        text(
            "Revision",
            "Change it with any other parameter, so that a new version is published;"
            " scripts/deploy does so.",
            "1",
            AllowedPattern="[a-zA-Z0-9._-]{1,64}",
        ),
        text(
            "Handler",
            "The function to call; another than the default for code of your own.",
            handler,
        ),
    ]


def lambda_parameters(work: str) -> list[Parameter]:
    """Return the parameters of how it runs; ``work`` is what an invocation does, in the plural."""
    return [
        runtime_parameter(),
        choice("Architecture", "The processor.", ["arm64", "x86_64"], "arm64"),
        number("MemorySize", "Megabytes; the CPU grows with them.", 1024, 256, 10240),
        switch(
            "SnapStart", "Start from a snapshot; billed for its cache and restores.", default=False
        ),
        number("ProvisionedConcurrency", "Instances kept warm; 0 for none.", 0, 0, 1000),
        number(
            "ReservedConcurrency",
            f"The most {work} at once, taken from the account's concurrency; 0 for no limit.",
            0,
            0,
            10_000,
        ),
        further_policies.parameter(),
        *account_parameters(),
    ]


def zip_code() -> Code:
    """Return where the zip is."""
    return Code(S3Bucket=Ref("CodeBucket"), S3Key=Ref("CodeKey"))


def add(
    template: Template,
    title: str,
    statements: Sequence[Any],
    *,
    description: str,
    variables: Mapping[str, Any],
    switches: Sequence[Any] = (),
    **properties: Any,
) -> tuple[Function, Alias]:
    """Add the function with its log group and its role, its version, and its alias.

    Args:
        template: where to add them.
        title: the function's logical id.
        statements: what it may do besides asking the models.
        description: what it does.
        variables: its environment.
        switches: texts that change with what needs a new version and no new revision.
        properties: its other properties, as of ``lambda_function``.
    """
    model_access.add_conditions(template)
    policies = further_policies.add(template)
    group = template.add_resource(log_group(f"{title}Log"))
    role = template.add_resource(
        lambda_role(f"{title}Role", group, [*model_access.statements(), *statements], policies)
    )
    template.add_condition(USES_SNAP_START, is_true("SnapStart"))
    # Lambda offers one or the other.
    template.add_condition(
        KEEPS_WARM,
        And(Not(Equals(Ref("ProvisionedConcurrency"), 0)), Not(Condition(USES_SNAP_START))),
    )
    template.add_condition(LIMITED, Not(Equals(Ref("ReservedConcurrency"), 0)))
    version_name = [Ref("Revision"), Ref("CodeKey"), *switches]
    function = template.add_resource(
        lambda_function(
            title,
            group,
            secrecy="Its environment holds names and a prompt, and no secret.",
            # With the version's name: Lambda publishes no version of a function that has not
            # changed, and a revision may stand for changes outside of it.
            Description=Join(" ", [f"{description}: version", *version_name]),
            Architectures=[Ref("Architecture")],
            Handler=Ref("Handler"),
            Code=zip_code(),
            MemorySize=Ref("MemorySize"),
            Role=GetAtt(role, "Arn"),
            Environment=Environment(Variables=dict(variables)),
            ReservedConcurrentExecutions=If(LIMITED, Ref("ReservedConcurrency"), NoValue),
            SnapStart=If(USES_SNAP_START, SnapStart(ApplyOn="PublishedVersions"), NoValue),
            **properties,
        )
    )
    return function, _add_alias(template, function, version_name)


def _add_alias(template: Template, function: Function, version_name: list[Any]) -> Alias:
    version = template.add_resource(
        Version(
            f"{function.title}Version",
            FunctionName=Ref(function),
            # Another description publishes a version: one cannot be changed, only replaced.
            Description=Join(" ", version_name),
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        )
    )
    return template.add_resource(
        Alias(
            "LiveAlias",
            FunctionName=Ref(function),
            FunctionVersion=GetAtt(version, "Version"),
            Name="live",
            ProvisionedConcurrencyConfig=If(
                KEEPS_WARM,
                ProvisionedConcurrencyConfiguration(
                    ProvisionedConcurrentExecutions=Ref("ProvisionedConcurrency")
                ),
                NoValue,
            ),
        )
    )
