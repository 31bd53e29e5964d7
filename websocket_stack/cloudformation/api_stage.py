"""The stage of a WebSocket API: throttling, access log, and the account's setting for logs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from troposphere import GetAtt, If, NoValue, Parameter, Ref, Sub, Template, apigateway, iam
from troposphere.apigatewayv2 import AccessLogSettings, Api, RouteSettings, Stage

from websocket_stack.cloudformation.checkov import skip
from websocket_stack.cloudformation.lambda_functions import (
    log_group,
    permissions_boundary,
    trust_policy,
)
from websocket_stack.cloudformation.parameters import number, switch

ACCESS_LOGS = "AccessLogs"
# One setting serves all APIs of an account in a region, so another API may rely on it, and on its
# role, when this stack is deleted.
KEPT: Mapping[str, Any] = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
# Without the query string, which holds the caller's credentials.
ACCESS_LOG_FORMAT = {
    "requestId": "$context.requestId",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "connectionId": "$context.connectionId",
    "error": "$context.error.message",
    "integrationError": "$context.integrationErrorMessage",
}


def throttling_parameters() -> list[Parameter]:
    return [
        number(
            "ThrottlingRate", "Messages a second that the API accepts from clients.", 100, 1, 1e4
        ),
        number(
            "ThrottlingBurst", "Messages at once that the API accepts from clients.", 200, 1, 5e3
        ),
    ]


def log_parameter() -> Parameter:
    return switch(
        "ManageApiGatewayLogs",
        "Write access logs. It sets the CloudWatch role of API Gateway for the whole account and"
        " region, so leave it false where that is set elsewhere.",
        default=False,
    )


def add(template: Template, api: Api, name: Any, **properties: Any) -> None:
    """Add a stage; the template has to have the condition ``AccessLogs``.

    Args:
        template: where to add it.
        api: its API.
        name: the stage's name.
        properties: its other properties, such as what is deployed.
    """
    group = template.add_resource(log_group("ApiAccessLog", Condition=ACCESS_LOGS))
    account = _add_account(template, api)
    stage = Stage(
        "Stage",
        ApiId=Ref(api),
        StageName=name,
        DefaultRouteSettings=RouteSettings(
            ThrottlingRateLimit=Ref("ThrottlingRate"), ThrottlingBurstLimit=Ref("ThrottlingBurst")
        ),
        AccessLogSettings=If(
            ACCESS_LOGS,
            AccessLogSettings(
                DestinationArn=GetAtt(group, "Arn"), Format=json.dumps(ACCESS_LOG_FORMAT)
            ),
            NoValue,
        ),
        # The stage has to wait for the account's setting, and a DependsOn cannot be conditional.
        Description=If(ACCESS_LOGS, Sub(f"Logs by ${{{account.title}}}"), NoValue),
        **properties,
    )
    skip(
        stage,
        CKV_AWS_76="Access logs need a role for the whole account, so they are a parameter.",
        CKV_AWS_95="Access logs need a role for the whole account, so they are a parameter.",
    )
    template.add_resource(stage)


def _add_account(template: Template, api: Api) -> apigateway.Account:
    """Add the account's setting, without which API Gateway writes no logs."""
    role = template.add_resource(
        iam.Role(
            "ApiGatewayLogsRole",
            Condition=ACCESS_LOGS,
            PermissionsBoundary=permissions_boundary(),
            AssumeRolePolicyDocument=trust_policy("apigateway.amazonaws.com"),
            ManagedPolicyArns=[
                Sub(
                    "arn:${AWS::Partition}:iam::aws:policy/service-role/"
                    "AmazonAPIGatewayPushToCloudWatchLogs"
                )
            ],
            **KEPT,
        )
    )
    return template.add_resource(
        apigateway.Account(
            "ApiGatewayAccount",
            Condition=ACCESS_LOGS,
            # "You must add a dependency on another API Gateway resource":
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigateway-account.html
            DependsOn=[api.title],
            CloudWatchRoleArn=GetAtt(role, "Arn"),
            **KEPT,
        )
    )
