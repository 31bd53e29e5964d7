"""What each Lambda function has: runtime, role, log group; and a VPC, a key and X-Ray if wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from troposphere import (
    And,
    GetAtt,
    If,
    Join,
    Not,
    NoValue,
    Or,
    Parameter,
    Ref,
    Split,
    Sub,
    Template,
    dynamodb,
    iam,
    logs,
)
from troposphere.awslambda import Function, LoggingConfig, TracingConfig, VPCConfig

from websocket_stack.cloudformation.checkov import NO_CUSTOMER_KEY, skip
from websocket_stack.cloudformation.parameters import (
    add_rule,
    choice,
    is_given,
    is_true,
    switch,
    text,
)

RUNTIMES = ["python3.13", "python3.14"]
RETENTION_DAYS = ["1", "3", "7", "14", "30", "60", "90", "180", "365"]
IN_VPC = "InVpc"
TRACED = "Traced"
BOUNDED = "Bounded"
HAS_KEY = "HasKey"
SUBNETS = "VpcSubnetId"
SECURITY_GROUPS = "VpcSecurityGroupId"


def lambda_function(
    title: str,
    group: logs.LogGroup,
    secrecy: str,
    failed_events: str = "Called synchronously: there is no failed event to keep.",
    **properties: Any,
) -> Function:
    """Return a function with the runtime, the VPC and the logging that all of them share.

    Args:
        title: its logical id.
        group: where it logs, as JSON.
        secrecy: why its environment needs no encryption key of its own.
        failed_events: why it has no queue of them.
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
            VPCConfig(
                SubnetIds=Split(",", Ref(SUBNETS)),
                SecurityGroupIds=Split(",", Ref(SECURITY_GROUPS)),
            ),
            NoValue,
        ),
        TracingConfig=If(TRACED, TracingConfig(Mode="Active"), NoValue),
        KmsKeyArn=own_key(),
        **properties,
    )
    return skip(
        function,
        CKV_AWS_115="Takes concurrency from the account's other functions, so it is a parameter.",
        CKV_AWS_116=failed_events,
        CKV_AWS_117="In a VPC where VpcSubnetId and VpcSecurityGroupId are given.",
        CKV_AWS_173=secrecy,
        CKV_AWS_272="Code signing needs a signing profile of the account's own.",
    )


class FunctionLogging(LoggingConfig):  # type: ignore[misc]
    """A function's ``LoggingConfig``: troposphere's own is another resource's, without a format."""

    props = LoggingConfig.props | {"LogFormat": (str, False)}


def runtime_parameter() -> Parameter:
    return choice("Runtime", "The Lambda runtime.", RUNTIMES, RUNTIMES[0])


def account_parameters() -> list[Parameter]:
    """Return the parameters for what an account demands of its functions and roles."""
    return [
        text(
            "PermissionsBoundaryArn",
            "A permissions boundary for all roles, where the account demands one.",
            AllowedPattern="|arn:[^:]+:iam::([0-9]{12}|aws):policy/.+",
        ),
        text(
            "KmsKeyArn",
            "A KMS key of yours for tables, logs and environments. Its policy has to let CloudWatch"
            " Logs use it.",
            AllowedPattern="|arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[0-9a-f-]+",
        ),
        switch("Tracing", "Record traces in AWS X-Ray; billed by trace.", default=False),
    ]


def add_conditions(template: Template) -> None:
    """Add the conditions that functions and roles rely on."""
    template.add_condition(IN_VPC, And(is_given(SUBNETS), is_given(SECURITY_GROUPS)))
    template.add_condition(TRACED, is_true("Tracing"))
    template.add_condition(BOUNDED, is_given("PermissionsBoundaryArn"))
    template.add_condition(HAS_KEY, is_given("KmsKeyArn"))


def own_key() -> If:
    """Return the customer's key, where there is one."""
    return If(HAS_KEY, Ref("KmsKeyArn"), NoValue)


def encryption() -> dynamodb.SSESpecification:
    """Return the encryption of a table."""
    return dynamodb.SSESpecification(
        SSEEnabled=True, SSEType=If(HAS_KEY, "KMS", NoValue), KMSMasterKeyId=own_key()
    )


# --- log groups


def retention_parameter() -> Parameter:
    return choice("LogRetentionDays", "Days that logs are kept.", RETENTION_DAYS, "30")


def log_group(title: str, **properties: Any) -> logs.LogGroup:
    """Return a log group that CloudFormation names, so that two stacks can have one each."""
    return skip(
        logs.LogGroup(
            title, RetentionInDays=Ref("LogRetentionDays"), KmsKeyId=own_key(), **properties
        ),
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


def allow(sid: str, action: str | list[str], resource: Any) -> dict[str, Any]:
    """Return a statement that allows actions on a resource, or on some."""
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}


def lambda_role(
    title: str,
    group: logs.LogGroup,
    statements: Iterable[Mapping[str, Any] | If],
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
    may_log = allow(
        "WriteItsLog", ["logs:CreateLogStream", "logs:PutLogEvents"], GetAtt(group, "Arn")
    )
    # Neither action knows resources.
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
    may_trace = allow("SendTraces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*")
    may_use_the_key = allow(
        "UseTheKey",
        # For tables, as the CDK grants it; and for the environment, which needs kms:Decrypt.
        # https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/aws-dynamodb/lib/perms.ts
        [
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
        ],
        Ref("KmsKeyArn"),
    )
    return iam.Role(
        title,
        PermissionsBoundary=permissions_boundary(),
        AssumeRolePolicyDocument=trust_policy("lambda.amazonaws.com"),
        ManagedPolicyArns=managed_policies or vpc_policies(),
        Policies=[
            _policy("what-its-code-calls", [may_log, *statements]),
            # Apart, since checkov reads no policy with a conditional statement.
            If(TRACED, _policy("tracing", [may_trace]), NoValue),
            If(HAS_KEY, _policy("key", [may_use_the_key]), NoValue),
        ],
        **properties,
    )


def _policy(name: str, statements: list[Any]) -> iam.Policy:
    return iam.Policy(
        PolicyName=name, PolicyDocument={"Version": "2012-10-17", "Statement": statements}
    )


def permissions_boundary() -> If:
    """Return the boundary of a role, where the account has one."""
    return If(BOUNDED, Ref("PermissionsBoundaryArn"), NoValue)


# --- the VPC


def vpc_parameters() -> list[Parameter]:
    return [
        text(
            SUBNETS,
            "VPC subnets to run Lambda functions in, separated by commas; only if you need them in"
            " a VPC. They need a route to the AWS services that the functions call.",
            AllowedPattern="|subnet-[0-9a-f]+(,subnet-[0-9a-f]+)*",
        ),
        text(
            SECURITY_GROUPS,
            "The security groups of Lambda functions in the VPC, separated by commas.",
            AllowedPattern="|sg-[0-9a-f]+(,sg-[0-9a-f]+)*",
        ),
    ]


def add_vpc_rule(template: Template) -> None:
    """Have CloudFormation refuse subnets without security groups, and the other way round."""
    add_rule(
        template,
        "SubnetsAndGroups",
        Or(
            And(is_given(SUBNETS), is_given(SECURITY_GROUPS)),
            And(Not(is_given(SUBNETS)), Not(is_given(SECURITY_GROUPS))),
        ),
        f"{SUBNETS} and {SECURITY_GROUPS} go together",
    )


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
