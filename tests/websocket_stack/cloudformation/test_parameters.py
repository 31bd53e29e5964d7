"""The parts that several templates are made of, in a template of their own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cfn_tools import load_yaml
from troposphere import Template, dynamodb, logs
from troposphere.awslambda import Code, Function

from evaluator import Refused, Stack, evaluate_template
from websocket_stack.cloudformation import parameters as shared

IN_VPC = {"VpcSubnetId": "subnet-0a1b", "VpcSecurityGroupId": "sg-0a1b"}


def template() -> Template:
    made = shared.template(
        "A test",
        {
            "First": [
                shared.text("Name", "A name.", None),
                shared.switch("Wanted", "Whether.", True),
                shared.number("Amount", "How much.", 0.2, 0, 10),
            ],
            "Network": [*shared.vpc_parameters(), shared.retention_parameter()],
        },
    )
    shared.add_vpc_condition(made)
    made.add_condition("IsWanted", shared.is_true("Wanted"))
    group = made.add_resource(shared.log_group("Log", Condition="IsWanted"))
    statement = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn"}
    role = made.add_resource(shared.lambda_role("Role", group, [statement], Condition="IsWanted"))
    made.add_resource(
        Function(
            "Made",
            Condition="IsWanted",
            Code=Code(ZipFile="pass"),
            Role=role.get_att("Arn"),
            LoggingConfig=shared.json_logging(group),
            VpcConfig=shared.vpc_config(),
        )
    )
    return made


def evaluated(**given: str) -> Stack:
    made: dict[str, Any] = load_yaml(template().to_yaml())
    return evaluate_template(made, {"Name": "x"} | given)


def test_parameters_are_grouped_as_they_are_given() -> None:
    groups = template().to_dict()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert groups == [
        {"Label": {"default": "First"}, "Parameters": ["Name", "Wanted", "Amount"]},
        {
            "Label": {"default": "Network"},
            "Parameters": ["VpcSubnetId", "VpcSecurityGroupId", "LogRetentionDays"],
        },
    ]


def test_a_text_without_a_default_is_required() -> None:
    with pytest.raises(Refused, match="Name needs a value"):
        evaluate_template(load_yaml(template().to_yaml()))


@pytest.mark.parametrize("amount", ["-0.1", "10.1"])
def test_a_number_out_of_its_bounds_is_refused(amount: str) -> None:
    with pytest.raises(Refused, match="Amount"):
        evaluated(Amount=amount)


@pytest.mark.parametrize(
    ("default", "written"), [(0.2, "0.2"), (25, "25"), (1024, "1024"), (0, "0")]
)
def test_a_default_number_is_written_as_people_write_it(default: float, written: str) -> None:
    assert shared.number("Amount", "How much.", default, 0, 5000).Default == written


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
    assert evaluated().properties("Made")["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "LogGroup": "<Log>",
    }


def test_in_a_vpc_a_function_has_its_network_and_the_role_its_policy() -> None:
    stack = evaluated(**IN_VPC)
    assert stack.properties("Made")["VpcConfig"] == {
        "SubnetIds": ["subnet-0a1b"],
        "SecurityGroupIds": ["sg-0a1b"],
    }
    assert stack.properties("Role")["ManagedPolicyArns"] == [
        "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    ]


def test_a_role_may_be_given_policies_beside_the_vpcs() -> None:
    made = template()
    made.add_parameter(shared.names("Policies", "Some."))
    made.add_condition("HasPolicies", shared.has_names("Policies"))
    log = made.resources["Log"]
    policies = shared.vpc_policies("Policies", "HasPolicies")
    made.add_resource(shared.lambda_role("Another", log, [], policies))
    loaded: dict[str, Any] = load_yaml(made.to_yaml())
    of_vpc = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    for given, expected in (
        ({}, None),
        (IN_VPC, [of_vpc]),
        ({"Policies": "a,b"}, ["a", "b"]),
        ({"Policies": "a,b"} | IN_VPC, [of_vpc, "a", "b"]),
    ):
        role = evaluate_template(loaded, {"Name": "x"} | given).properties("Another")
        assert role.get("ManagedPolicyArns") == expected


@pytest.mark.parametrize("given", [{}, *({name: IN_VPC[name]} for name in IN_VPC)])
def test_without_both_subnet_and_group_there_is_no_vpc(given: dict[str, str]) -> None:
    stack = evaluated(**given)
    assert "VpcConfig" not in stack.properties("Made")
    assert "ManagedPolicyArns" not in stack.properties("Role")


def test_what_has_a_condition_exists_only_where_it_holds() -> None:
    assert set(evaluated().resources) == {"Log", "Role", "Made"}
    assert evaluated(Wanted="false").resources == {}


def test_a_retention_that_cloudwatch_does_not_know_is_refused() -> None:
    with pytest.raises(Refused, match="LogRetentionDays"):
        evaluated(LogRetentionDays="2")


def test_a_skipped_rule_stands_beside_its_resource_with_its_reason() -> None:
    table = shared.skip(dynamodb.Table("Table"), CKV_AWS_28="Nothing to keep.")
    assert table.Metadata == {
        "checkov": {"skip": [{"id": "CKV_AWS_28", "comment": "Nothing to keep."}]}
    }


def test_a_log_group_is_named_by_cloudformation() -> None:
    group = shared.log_group("Log")
    assert isinstance(group, logs.LogGroup)
    assert "LogGroupName" not in json.dumps(group.to_dict())
