"""What each Lambda function of the templates has: runtime, role, log group, VPC if there is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from troposphere import (
    And,
    GetAtt,
    If,
    Join,
    NoValue,
    Parameter,
    Ref,
    Split,
    Sub,
    Template,
    iam,
    logs,
)
from troposphere.awslambda import Function, LoggingConfig, VPCConfig

from websocket_stack.cloudformation.checkov import NO_CUSTOMER_KEY, skip
from websocket_stack.cloudformation.parameters import choice, is_given, text

RUNTIMES = ["python3.13", "python3.14"]
RETENTION_DAYS = ["1", "3", "7", "14", "30", "60", "90", "180", "365"]
IN_VPC = "InVpc"


def lambda_function(title: str, group: logs.LogGroup, secrecy: str, **properties: Any) -> Function:
    """Return a function with the runtime, the VPC and the logging that all of them share.

    Args:
        title: its logical id.
        group: where it logs, as JSON.
        secrecy: why its environment needs no encryption key of its own.
        properties: its other properties.
    """
    function = Function(
        title,
        Runtime=Ref("Runtime"),
        LoggingConfig=FunctionLogging(
            LogFormat="JSON", ApplicationLogLevel="INFO", LogGroup=Ref(group)
        ),
        VpcConfig=If(
            IN_VPC,
            VPCConfig(SubnetIds=[Ref("VpcSubnetId")], SecurityGroupIds=[Ref("VpcSecurityGroupId")]),
            NoValue,
        ),
        **properties,
    )
    return skip(
        function,
        CKV_AWS_115="Would take concurrency from the account's other functions; set it if you"
        " want to.",
        CKV_AWS_116="Called synchronously: there is no failed event to keep.",
        CKV_AWS_117="In a VPC where VpcSubnetId and VpcSecurityGroupId are given.",
        CKV_AWS_173=secrecy,
        CKV_AWS_272="Code signing needs a signing profile of the account's own.",
    )


class FunctionLogging(LoggingConfig):  # type: ignore[misc]
    """A function's ``LoggingConfig``: troposphere's own is another resource's, without a format."""

    props = LoggingConfig.props | {"LogFormat": (str, False)}


def runtime_parameter() -> Parameter:
    return choice("Runtime", "The Lambda runtime.", RUNTIMES, RUNTIMES[0])


# --- log groups


def retention_parameter() -> Parameter:
    return choice("LogRetentionDays", "Days that logs are kept.", RETENTION_DAYS, "30")


def log_group(title: str, **properties: Any) -> logs.LogGroup:
    """Return a log group that CloudFormation names, so that two stacks can have one each."""
    return skip(
        logs.LogGroup(title, RetentionInDays=Ref("LogRetentionDays"), **properties),
        CKV_AWS_158=NO_CUSTOMER_KEY,
        CKV_AWS_338="How long logs are kept is a parameter.",
    )


# --- roles


def trust_policy(service: str, **conditions: Any) -> dict[str, Any]:
    """Return the policy that lets a service assume a role, under conditions if there are any."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        **({"Condition": conditions} if conditions else {}),
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def lambda_role(
    title: str,
    group: logs.LogGroup,
    statements: Iterable[Mapping[str, Any]],
    managed_policies: Any = None,
    **properties: Any,
) -> iam.Role:
    """Return the role of a function.

    Args:
        title: its logical id.
        group: the log group that it may write to.
        statements: what else the function may do.
        managed_policies: from ``vpc_policies``; by default those of the VPC alone.
        properties: the role's other properties.
    """
    may_log = {
        "Sid": "WriteItsLog",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": GetAtt(group, "Arn"),
    }
    return iam.Role(
        title,
        AssumeRolePolicyDocument=trust_policy("lambda.amazonaws.com"),
        ManagedPolicyArns=managed_policies or vpc_policies(),
        Policies=[
            iam.Policy(
                PolicyName="what-its-code-calls",
                PolicyDocument={"Version": "2012-10-17", "Statement": [may_log, *statements]},
            )
        ],
        **properties,
    )


# --- the VPC


def vpc_parameters() -> list[Parameter]:
    return [
        text(
            "VpcSubnetId",
            "A VPC subnet to run Lambda functions in; only if you need them in a VPC. It needs a"
            " way to the AWS services that they call.",
            AllowedPattern="|subnet-[0-9a-f]+",
        ),
        text(
            "VpcSecurityGroupId",
            "The security group of Lambda functions in the VPC.",
            AllowedPattern="|sg-[0-9a-f]+",
        ),
    ]


def add_vpc_condition(template: Template) -> None:
    template.add_condition(IN_VPC, And(is_given("VpcSubnetId"), is_given("VpcSecurityGroupId")))


def vpc_policies(parameter: str = "", has_items: str = "") -> If:
    """Return the managed policies of a function's role: what a function in a VPC needs, and more.

    Args:
        parameter: a parameter that lists further policies, if there is one.
        has_items: the condition that the parameter lists any.
    """
    policy = Sub(
        "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    )
    alone = If(IN_VPC, [policy], NoValue)
    if not parameter:
        return alone
    # CloudFormation joins texts, not lists.
    together = Split(",", Join(",", [policy, Join(",", Ref(parameter))]))
    return If(has_items, If(IN_VPC, together, Ref(parameter)), alone)
