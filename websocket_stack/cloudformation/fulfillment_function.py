"""The fulfillment Lambda itself: where its code is, how it runs, its versions and its alias."""

from __future__ import annotations

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

from websocket_stack.cloudformation import (
    conversation_table,
    fulfillment_environment,
    fulfillment_role,
)
from websocket_stack.cloudformation.lambda_functions import (
    account_parameters,
    lambda_function,
    log_group,
    runtime_parameter,
)
from websocket_stack.cloudformation.parameters import (
    STREAMING,
    choice,
    is_true,
    number,
    switch,
    text,
)

USES_SNAP_START = "UsesSnapStart"
KEEPS_WARM = "KeepsWarm"
LIMITED = "LimitsConcurrency"


def code_parameters() -> list[Parameter]:
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
            "The function to call; another than the default for a bot of your own.",
            "fulfillment.handler.lambda_handler",
        ),
    ]


def lambda_parameters() -> list[Parameter]:
    return [
        runtime_parameter(),
        choice("Architecture", "The processor.", ["arm64", "x86_64"], "arm64"),
        number("MemorySize", "Megabytes; the CPU goes by it.", 1024, 256, 10240),
        switch(
            "SnapStart", "Start from a snapshot; billed for its cache and restores.", default=False
        ),
        number("ProvisionedConcurrency", "Instances kept warm; 0 for none.", 0, 0, 1000),
        number(
            "ReservedConcurrency",
            "The most turns at once, taken from the account's concurrency; 0 for no limit.",
            0,
            0,
            10_000,
        ),
        fulfillment_role.parameter(),
        *account_parameters(),
    ]


def add(template: Template) -> tuple[Function, Alias]:
    """Add the function with its role and log group, its version, and the alias to call it by."""
    template.add_condition(USES_SNAP_START, is_true("SnapStart"))
    # Lambda offers one or the other.
    template.add_condition(
        KEEPS_WARM,
        And(Not(Equals(Ref("ProvisionedConcurrency"), 0)), Not(Condition(USES_SNAP_START))),
    )
    template.add_condition(LIMITED, Not(Equals(Ref("ReservedConcurrency"), 0)))
    group = template.add_resource(log_group("FulfillmentLog"))
    role = fulfillment_role.add(template, group)
    function = template.add_resource(
        lambda_function(
            "Fulfillment",
            group,
            secrecy="Its environment holds names and a prompt, and no secret.",
            # With the version's name: Lambda publishes no version of a function that has not
            # changed, and a revision may stand for changes outside of it.
            Description=Join(" ", ["Answers a Lex V2 bot: version", *_version_name()]),
            Architectures=[Ref("Architecture")],
            Handler=Ref("Handler"),
            Code=Code(S3Bucket=Ref("CodeBucket"), S3Key=Ref("CodeKey")),
            MemorySize=Ref("MemorySize"),
            # Just over the 30 seconds that Lex waits: nothing is paid for after that.
            Timeout=31,
            Role=GetAtt(role, "Arn"),
            Environment=Environment(Variables=fulfillment_environment.variables()),
            ReservedConcurrentExecutions=If(LIMITED, Ref("ReservedConcurrency"), NoValue),
            SnapStart=If(USES_SNAP_START, SnapStart(ApplyOn="PublishedVersions"), NoValue),
        )
    )
    return function, _add_alias(template, function)


def _add_alias(template: Template, function: Function) -> Alias:
    version = template.add_resource(
        Version(
            "FulfillmentVersion",
            FunctionName=Ref(function),
            # Another description publishes a version: one cannot be changed, only replaced.
            Description=Join(" ", _version_name()),
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


def _version_name() -> list[Any]:
    # Switching streaming or memory needs no new revision.
    return [
        Ref("Revision"),
        Ref("CodeKey"),
        If(STREAMING, Ref("WebSocketId"), "silent"),
        If(conversation_table.REMEMBERS, "remembering", "forgetful"),
    ]
