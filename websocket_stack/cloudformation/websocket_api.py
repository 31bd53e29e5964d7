"""The WebSocket API of streaming-support: routes, integrations, deployments, stage, access logs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from troposphere import (
    And,
    AWSObject,
    Condition,
    GetAtt,
    If,
    Join,
    Not,
    NoValue,
    Ref,
    Sub,
    Template,
    apigateway,
    iam,
)
from troposphere.apigatewayv2 import (
    AccessLogSettings,
    Api,
    Deployment,
    Integration,
    Route,
    RouteSettings,
    Stage,
)
from troposphere.awslambda import Function, Permission

from websocket_stack.cloudformation.parameters import STREAMING, log_group, skip, trusts

# The roles of Lex Web UI allow the browser no other stage.
# https://github.com/aws-samples/aws-lex-web-ui/blob/master/templates/cognito.yaml
STAGE = "Prod"
ACCESS_LOGS = "AccessLogs"
ANONYMOUS = "Anonymous"
# Which integration takes what a browser sends.
ROUTES = {
    "$connect": "RegistrationIntegration",
    "$disconnect": "RegistrationIntegration",
    "ping": "SilentIntegration",
    "$default": "SilentIntegration",
}
# The account's setting is one for all APIs of a region: another may rely on it, and its role, by
# the time that this stack goes.
KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
# Nothing of the query string, which holds the caller's credentials.
ACCESS_LOG_FORMAT = {
    "requestId": "$context.requestId",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "connectionId": "$context.connectionId",
    "error": "$context.error.message",
    "integrationError": "$context.integrationErrorMessage",
}


def add(made: Template, function: Function, routes: Mapping[str, str]) -> Api:
    """Add the API with these routes, and what lets it call the registration Lambda."""
    api = made.add_resource(
        Api(
            "WebSocketApi",
            Condition=STREAMING,
            Name=Sub("${ParentStackName}-streaming"),
            Description="Streams replies of a Lex bot to the browser",
            ProtocolType="WEBSOCKET",
            RouteSelectionExpression="$request.body.action",
        )
    )
    integrations = _add_integrations(made, api)
    made_routes = _add_routes(made, api, routes)
    for name in ("connect", "disconnect"):
        made.add_resource(
            Permission(
                f"Allow{name.capitalize()}",
                Condition=STREAMING,
                FunctionName=Ref(function),
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=Sub(
                    "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"
                    f":${{WebSocketApi}}/*/${name}"
                ),
            )
        )
    deployment_id = _add_deployments(made, api, [*integrations, *made_routes])
    _add_stage(made, api, deployment_id)
    return api


def _add_deployments(made: Template, api: Api, deployed: list[AWSObject]) -> If:
    """Add a deployment for each authorization; return the id of the one that is made.

    A deployment is a snapshot, and the stage runs what it holds, so whatever changes in it needs
    another deployment: other routes by the name, another authorization by the condition.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-routes-integrations.html
    """
    conditions = {
        "Anonymous": And(Condition(STREAMING), Condition(ANONYMOUS)),
        "Signed": And(Condition(STREAMING), Not(Condition(ANONYMOUS))),
    }
    made_ids = []
    for kind, condition in conditions.items():
        made.add_condition(f"Deploys{kind}", condition)
        deployment = Deployment(
            f"{kind}Deployment{content_hash(deployed)}",
            Condition=f"Deploys{kind}",
            DependsOn=[part.title for part in deployed],
            ApiId=Ref(api),
        )
        made_ids.append(Ref(made.add_resource(deployment)))
    return If(ANONYMOUS, *made_ids)


def content_hash(resources: Iterable[AWSObject]) -> str:
    """Return a name of what these resources are defined as."""
    definitions = {resource.title: resource.to_dict() for resource in resources}
    return hashlib.sha256(json.dumps(definitions, sort_keys=True).encode()).hexdigest()[:12]


def _add_integrations(made: Template, api: Api) -> list[Integration]:
    registration = made.add_resource(
        Integration(
            "RegistrationIntegration",
            Condition=STREAMING,
            ApiId=Ref(api),
            IntegrationType="AWS_PROXY",
            IntegrationUri=Sub(
                "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
                "${Registration.Arn}/invocations"
            ),
        )
    )
    # Costs no Lambda and says nothing: whatever it said, Lex Web UI would show as text.
    silent = made.add_resource(
        Integration(
            "SilentIntegration",
            Condition=STREAMING,
            ApiId=Ref(api),
            IntegrationType="MOCK",
            PassthroughBehavior="WHEN_NO_MATCH",
            RequestTemplates={"application/json": '{"statusCode":200}'},
        )
    )
    return [registration, silent]


def _add_routes(made: Template, api: Api, targets: Mapping[str, str]) -> list[Route]:
    routes = []
    for key, target in targets.items():
        route = Route(
            f"{key.strip('$').capitalize()}Route",
            Condition=STREAMING,
            ApiId=Ref(api),
            RouteKey=key,
            # Authorization is possible on $connect alone, and holds for the whole connection.
            AuthorizationType=Ref("ConnectAuthorization") if key == "$connect" else "NONE",
            Target=Join("/", ["integrations", Ref(target)]),
        )
        if key != "$connect":
            skip(
                route, CKV_AWS_309="API Gateway authorizes WebSocket connections at $connect only."
            )
        routes.append(made.add_resource(route))
    return routes


def _add_stage(made: Template, api: Api, deployment_id: If) -> None:
    group = made.add_resource(log_group("ApiAccessLog", Condition=ACCESS_LOGS))
    role = made.add_resource(
        iam.Role(
            "ApiGatewayLogsRole",
            Condition=ACCESS_LOGS,
            AssumeRolePolicyDocument=trusts("apigateway.amazonaws.com"),
            ManagedPolicyArns=[
                Sub(
                    "arn:${AWS::Partition}:iam::aws:policy/service-role/"
                    "AmazonAPIGatewayPushToCloudWatchLogs"
                )
            ],
            **KEPT,
        )
    )
    account = made.add_resource(
        apigateway.Account(
            "ApiGatewayAccount",
            Condition=ACCESS_LOGS,
            CloudWatchRoleArn=GetAtt(role, "Arn"),
            **KEPT,
        )
    )
    stage = Stage(
        "ProdStage",
        Condition=STREAMING,
        ApiId=Ref(api),
        StageName=STAGE,
        DeploymentId=deployment_id,
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
        Tags=If(ACCESS_LOGS, {"logs": Ref(account)}, NoValue),
    )
    skip(
        stage,
        CKV_AWS_76="Access logs need a role for the whole account, so they are a parameter.",
        CKV_AWS_95="Access logs need a role for the whole account, so they are a parameter.",
    )
    made.add_resource(stage)
