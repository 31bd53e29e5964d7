"""What several templates have in common: parameters, Lambda roles, log groups, the header."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from troposphere import (
    And,
    AWSObject,
    Equals,
    GetAtt,
    If,
    Join,
    Not,
    NoValue,
    Parameter,
    Ref,
    Split,
    Sub,
    Template,
    iam,
    logs,
)
from troposphere.awslambda import LoggingConfig, VPCConfig

RETENTION_DAYS = ["1", "3", "7", "14", "30", "60", "90", "180", "365"]
RUNTIMES = ["python3.13", "python3.14"]
STREAMING = "Streaming"
IN_VPC = "InVpc"

# Checkov's rules that do not fit here, and why; `skip` puts them beside the resource.
NO_CUSTOMER_KEY = "Encrypted with a key of AWS's; a key of the customer's costs $1 a month."
SYNCHRONOUS = "Called synchronously: there is no failed event to keep."
NO_RESERVATION = "Would take concurrency from the account's other functions; set it if you want to."
VPC_IS_OPTIONAL = "In a VPC where VpcSubnetId and VpcSecurityGroupId are given."
SIGNED_RELEASES_ONLY = "Code signing needs a signing profile of the account's own."


def template(description: str, groups: Mapping[str, Sequence[Parameter]]) -> Template:
    """Return a template with these parameters, grouped as the console shows them."""
    made = Template(Description=description)
    made.set_version()
    made.set_metadata(
        {
            "AWS::CloudFormation::Interface": {
                "ParameterGroups": [
                    {
                        "Label": {"default": label},
                        "Parameters": [parameter.title for parameter in parameters],
                    }
                    for label, parameters in groups.items()
                ]
            }
        }
    )
    for parameters in groups.values():
        for parameter in parameters:
            made.add_parameter(parameter)
    return made


def text(name: str, description: str, default: str | None = "", **options: Any) -> Parameter:
    """Return a parameter that takes a text; a default of ``None`` makes it required."""
    if default is not None:
        options["Default"] = default
    return Parameter(name, Type="String", Description=description, **options)


def switch(name: str, description: str, default: bool) -> Parameter:
    """Return a parameter that takes true or false."""
    return text(name, description, str(default).lower(), AllowedValues=["true", "false"])


def names(name: str, description: str, **options: Any) -> Parameter:
    """Return a parameter that takes a comma list; empty unless it is given."""
    return Parameter(
        name, Type="CommaDelimitedList", Description=description, Default="", **options
    )


def choice(name: str, description: str, values: Sequence[str], default: str) -> Parameter:
    """Return a parameter that takes one of some values."""
    return text(name, description, default, AllowedValues=list(values))


def number(name: str, description: str, default: float, least: float, most: float) -> Parameter:
    """Return a parameter that takes a number."""
    return Parameter(
        name,
        Type="Number",
        Description=description,
        Default=f"{default:g}",
        MinValue=least,
        MaxValue=most,
    )


def allow_streaming() -> Parameter:
    return switch(
        "AllowStreamingResponses",
        "Whether replies are streamed. A stack update switches it; bot and fulfillment stay.",
        True,
    )


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


def retention_parameter() -> Parameter:
    return choice("LogRetentionDays", "Days that logs are kept.", RETENTION_DAYS, "30")


def is_true(parameter: str) -> Equals:
    return Equals(Ref(parameter), "true")


def is_given(parameter: str) -> Not:
    return Not(Equals(Ref(parameter), ""))


def has_names(parameter: str) -> Not:
    # A condition compares texts, not lists.
    return Not(Equals(Join("", Ref(parameter)), ""))


def add_vpc_condition(made: Template) -> None:
    made.add_condition(IN_VPC, And(is_given("VpcSubnetId"), is_given("VpcSecurityGroupId")))


def vpc_config() -> If:
    return If(
        IN_VPC,
        VPCConfig(SubnetIds=[Ref("VpcSubnetId")], SecurityGroupIds=[Ref("VpcSecurityGroupId")]),
        NoValue,
    )


def vpc_policies(parameter: str = "", condition: str = "") -> If:
    """Return what lets a function into its VPC, with the policies of a comma list if there is one.

    Takes the parameter with the list, and the condition that something is in it.
    """
    policy = Sub(
        "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    )
    alone = If(IN_VPC, [policy], NoValue)
    if not parameter:
        return alone
    # CloudFormation joins texts and no lists.
    together = Split(",", Join(",", [policy, Join(",", Ref(parameter))]))
    return If(condition, If(IN_VPC, together, Ref(parameter)), alone)


def log_group(title: str, **options: Any) -> logs.LogGroup:
    """Return a log group; CloudFormation names it, so that a stack can be made twice."""
    return skip(
        logs.LogGroup(title, RetentionInDays=Ref("LogRetentionDays"), **options),
        CKV_AWS_158=NO_CUSTOMER_KEY,
        CKV_AWS_338="How long logs are kept is a parameter.",
    )


class FunctionLogging(LoggingConfig):  # type: ignore[misc]
    """troposphere's property of this name has become another resource's, which has no format."""

    props = LoggingConfig.props | {"LogFormat": (str, False)}


def json_logging(group: logs.LogGroup) -> FunctionLogging:
    return FunctionLogging(LogFormat="JSON", ApplicationLogLevel="INFO", LogGroup=Ref(group))


def trusts(service: str, **conditions: Any) -> dict[str, Any]:
    """Return the policy of a role that a service may take on."""
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
    **options: Any,
) -> iam.Role:
    """Return the role of a function that may write to its log group and do what is stated.

    Its managed policies are the VPC's where there is one, unless others are given.
    """
    may_log = {
        "Sid": "WriteItsLog",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": GetAtt(group, "Arn"),
    }
    return iam.Role(
        title,
        AssumeRolePolicyDocument=trusts("lambda.amazonaws.com"),
        ManagedPolicyArns=managed_policies or vpc_policies(),
        Policies=[
            iam.Policy(
                PolicyName="what-its-code-calls",
                PolicyDocument={"Version": "2012-10-17", "Statement": [may_log, *statements]},
            )
        ],
        **options,
    )


def skip(resource: AWSObject, **reasons: str) -> Any:
    """Put checkov rules that a resource does not follow beside it, each with its reason."""
    resource.Metadata = {
        "checkov": {"skip": [{"id": rule, "comment": reason} for rule, reason in reasons.items()]}
    }
    return resource
