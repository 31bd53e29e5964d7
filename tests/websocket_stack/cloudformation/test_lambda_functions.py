"""What each Lambda function has, in a template of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cfn_tools import load_yaml
from troposphere import Template, logs
from troposphere.awslambda import Code

from tests.evaluator import Refused, Stack, evaluate_template
from websocket_stack.cloudformation import lambda_functions
from websocket_stack.cloudformation.parameters import comma_list, has_items, new_template

pytestmark = pytest.mark.slow

IN_VPC = {"VpcSubnetId": "subnet-0a1b", "VpcSecurityGroupId": "sg-0a1b"}


def template() -> Template:
    template = new_template(
        "A test",
        {
            "All": [
                lambda_functions.runtime_parameter(),
                lambda_functions.retention_parameter(),
                *lambda_functions.vpc_parameters(),
                *lambda_functions.account_parameters(),
            ]
        },
    )
    lambda_functions.add_conditions(template)
    group = template.add_resource(lambda_functions.log_group("Log"))
    statement = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn"}
    role = template.add_resource(lambda_functions.lambda_role("Role", group, [statement]))
    template.add_resource(
        lambda_functions.lambda_function(
            "Function",
            group,
            secrecy="It has no environment.",
            Code=Code(ZipFile="pass"),
            Role=role.get_att("Arn"),
        )
    )
    return template


def evaluated(**given: str) -> Stack:
    loaded: dict[str, Any] = load_yaml(template().to_yaml())
    return evaluate_template(loaded, given)


def test_a_role_may_log_and_do_what_is_stated() -> None:
    (policy,) = evaluated().properties("Role")["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Sid": "WriteItsLog",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "<Log.Arn>",
        },
        {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn"},
    ]


def test_only_lambda_may_take_a_role() -> None:
    (trusted,) = evaluated().properties("Role")["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_a_function_logs_json_to_its_own_group() -> None:
    assert evaluated().properties("Function")["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "LogGroup": "<Log>",
    }


def test_a_function_may_be_in_a_vpc() -> None:
    stack = evaluated(**IN_VPC)
    assert stack.properties("Function")["VpcConfig"] == {
        "SubnetIds": ["subnet-0a1b"],
        "SecurityGroupIds": ["sg-0a1b"],
    }
    assert stack.properties("Role")["ManagedPolicyArns"] == [
        "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    ]


def test_a_role_may_have_further_policies() -> None:
    changed = template()
    changed.add_parameter(comma_list("Policies", "Some."))
    changed.add_condition("HasPolicies", has_items("Policies"))
    policies = lambda_functions.vpc_policies("Policies", "HasPolicies")
    log = lambda_functions.log_group("Log")
    changed.add_resource(lambda_functions.lambda_role("Another", log, [], policies))
    loaded: dict[str, Any] = load_yaml(changed.to_yaml())
    of_vpc = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    for given, expected in (
        ({}, None),
        (IN_VPC, [of_vpc]),
        ({"Policies": "a,b"}, ["a", "b"]),
        ({"Policies": "a,b"} | IN_VPC, [of_vpc, "a", "b"]),
    ):
        role = evaluate_template(loaded, given).properties("Another")
        assert role.get("ManagedPolicyArns") == expected


@pytest.mark.parametrize("given", [{}, *({name: IN_VPC[name]} for name in IN_VPC)])
def test_a_vpc_needs_subnet_and_group(given: dict[str, str]) -> None:
    stack = evaluated(**given)
    assert "VpcConfig" not in stack.properties("Function")
    assert "ManagedPolicyArns" not in stack.properties("Role")


def test_an_unknown_retention_is_refused() -> None:
    with pytest.raises(Refused, match="LogRetentionDays"):
        evaluated(LogRetentionDays="2")


def test_a_log_group_is_named_by_cloudformation() -> None:
    group = lambda_functions.log_group("Log")
    assert isinstance(group, logs.LogGroup)
    assert "LogGroupName" not in json.dumps(group.to_dict())


def test_subnets_and_groups_may_be_several() -> None:
    several = {"VpcSubnetId": "subnet-0a,subnet-0b", "VpcSecurityGroupId": "sg-0a,sg-0b"}
    assert evaluated(**several).properties("Function")["VpcConfig"] == {
        "SubnetIds": ["subnet-0a", "subnet-0b"],
        "SecurityGroupIds": ["sg-0a", "sg-0b"],
    }


def test_a_function_may_be_traced() -> None:
    stack = evaluated(Tracing="true")
    _, tracing = stack.properties("Role")["Policies"]
    (statement,) = tracing["PolicyDocument"]["Statement"]
    assert stack.properties("Function")["TracingConfig"] == {"Mode": "Active"}
    assert statement["Sid"] == "SendTraces"
    assert "TracingConfig" not in evaluated().properties("Function")
