"""What AWS refuses and MiniStack does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import cloudwatch_logs, dynamodb, iam, lambda_svc
from ministack.services.cloudformation import provisioners

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_ENVIRONMENT_BYTES = 4096

Properties = Mapping[str, Any]


def install() -> None:
    _check("AWS::DynamoDB::Table", "create", _has_a_free_name)
    for operation in ("create", "update"):
        _check("AWS::Lambda::Function", operation, _has_a_small_environment)
        _check("AWS::Lambda::Function", operation, _has_a_role_for_lambda)
    _log_as_the_role_may()


def _check(resource_type: str, operation: str, rule: Callable[[Properties], None]) -> None:
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    own = handler[operation]
    # ``create`` takes a logical id and properties; ``update`` a physical id, the old and the new.
    position = 1 if operation == "create" else 2

    def checked(*arguments: Any, **more: Any) -> Any:
        rule(arguments[position])
        return own(*arguments, **more)

    handler[operation] = checked


def _has_a_free_name(table: Properties) -> None:
    # A new resource is made before the old one is deleted, so a name moves to no other resource.
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html
    if table.get("TableName") in dynamodb._tables:
        raise ValueError(f"{table['TableName']} already exists")


def _has_a_role_for_lambda(function: Properties) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    role = iam._roles[function["Role"].rpartition("/")[2]]
    if "lambda.amazonaws.com" not in str(role["AssumeRolePolicyDocument"]):
        raise ValueError("The role defined for the function cannot be assumed by Lambda.")


def _log_as_the_role_may() -> None:
    """Write what functions log if their roles may; MiniStack writes it in any case.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """
    own = lambda_svc._emit_lambda_logs

    def emit(function: Any, *arguments: Any, **more: Any) -> None:
        config = function.get("config") or function
        group = config["LoggingConfig"]["LogGroup"]
        role = config["Role"].rpartition("/")[2]
        if group not in cloudwatch_logs._log_groups:
            return  # the role would have to make it
        arn = cloudwatch_logs._log_groups[group]["arn"].removesuffix(":*")
        statements = json.dumps(iam._roles[role].get("InlinePolicies", {}))
        if "logs:PutLogEvents" in statements and arn in statements:
            own(function, *arguments, **more)

    lambda_svc._emit_lambda_logs = emit


def _has_a_small_environment(function: Properties) -> None:
    variables = (function.get("Environment") or {}).get("Variables", {})
    size = sum(len(str(text).encode()) for pair in variables.items() for text in pair)
    if size > MAX_ENVIRONMENT_BYTES:
        raise ValueError(
            f"Lambda was unable to configure your environment variables because the environment"
            f" variables you have provided exceeded the 4KB limit ({size} bytes)"
        )
