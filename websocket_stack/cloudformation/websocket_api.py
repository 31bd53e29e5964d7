"""The WebSocket API of streaming-support: routes, integrations, deployments, stage, access log."""

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

from websocket_stack.cloudformation import monitoring
from websocket_stack.cloudformation.checkov import skip
from websocket_stack.cloudformation.lambda_functions import (
    log_group,
    permissions_boundary,
    trust_policy,
)
from websocket_stack.cloudformation.parameters import STREAMING

# The only stage that the roles of Lex Web UI let a browser call.
# https://github.com/aws-samples/aws-lex-web-ui/blob/master/templates/cognito.yaml
STAGE = "Prod"
ACCESS_LOGS = "AccessLogs"
ANONYMOUS = "Anonymous"
# The integration of each route.
ROUTES = {
    "$connect": "RegistrationIntegration",
    "$disconnect": "RegistrationIntegration",
    "ping": "SilentIntegration",
    "$default": "SilentIntegration",
}
# One setting serves all APIs of an account in a region, so another API may rely on it, and on its
# role, when this stack is deleted.
KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
# Without the query string, which holds the caller's credentials.
ACCESS_LOG_FORMAT = {
    "requestId": "$context.requestId",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "connectionId": "$context.connectionId",
    "error": "$context.error.message",
    "integrationError": "$context.integrationErrorMessage",
}


def add(template: Template, function: Function, routes: Mapping[str, str]) -> Api:
    """Add the API, and permission for it to call the registration Lambda.

    Args:
        template: where to add them.
        function: the registration Lambda.
        routes: the integrations' logical ids by route key.
    """
    api = template.add_resource(
        Api(
            # Logical ids as in Lex Web UI's own template, here and below: one update puts either in
            # the other's place, and the API keeps its id.
            "StreamingWebSocket",
            Condition=STREAMING,
            Name=Sub("${ParentStackName}-streaming"),
            Description="Streams replies of a Lex bot to the browser",
            ProtocolType="WEBSOCKET",
            RouteSelectionExpression="$request.body.action",
        )
    )
    integrations = _add_integrations(template, api)
    added_routes = _add_routes(template, api, routes)
    for name in ("connect", "disconnect"):
        template.add_resource(
            Permission(
                f"Allow{name.capitalize()}",
                Condition=STREAMING,
                FunctionName=Ref(function),
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=Sub(
                    "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"
                    f":${{StreamingWebSocket}}/*/${name}"
                ),
            )
        )
    deployment_id = _add_deployments(template, api, [*integrations, *added_routes])
    _add_stage(template, api, deployment_id)
    monitoring.add_api_alarms(template, function, {"ApiId": Ref(api), "Stage": STAGE})
    return api


def _add_deployments(template: Template, api: Api, deployed: list[AWSObject]) -> If:
    """Add a deployment for each kind of authorization; return the id of the one that will exist.

    A stage runs a deployment, which is a snapshot of the routes, so a change needs another
    deployment: other routes change its name, another authorization its condition. A stage with
    ``AutoDeploy`` would need none, but could not go back to a deployment, as it has to when Lex Web
    UI's own template takes this one's place again.
    https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename.html
    """
    conditions = {
        "Anonymous": And(Condition(STREAMING), Condition(ANONYMOUS)),
        "Signed": And(Condition(STREAMING), Not(Condition(ANONYMOUS))),
    }
    ids = []
    for kind, condition in conditions.items():
        template.add_condition(f"Deploys{kind}", condition)
        deployment = Deployment(
            f"{kind}Deployment{content_hash(deployed)}",
            Condition=f"Deploys{kind}",
            DependsOn=[part.title for part in deployed],
            ApiId=Ref(api),
        )
        ids.append(Ref(template.add_resource(deployment)))
    return If(ANONYMOUS, *ids)


def content_hash(resources: Iterable[AWSObject]) -> str:
    """Return a hash of the definitions of resources."""
    definitions = {resource.title: resource.to_dict() for resource in resources}
    return hashlib.sha256(json.dumps(definitions, sort_keys=True).encode()).hexdigest()[:12]


def _add_integrations(template: Template, api: Api) -> list[Integration]:
    registration = template.add_resource(
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
    # Calls no Lambda and sends no response: Lex Web UI would show any as text.
    silent = template.add_resource(
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


def _add_routes(template: Template, api: Api, targets: Mapping[str, str]) -> list[Route]:
    routes = []
    for key, target in targets.items():
        route = Route(
            f"{key.strip('$').capitalize()}Route",
            Condition=STREAMING,
            ApiId=Ref(api),
            RouteKey=key,
            # Only $connect can be authorized; that holds for the whole connection.
            AuthorizationType=Ref("ConnectAuthorization") if key == "$connect" else "NONE",
            Target=Join("/", ["integrations", Ref(target)]),
        )
        if key != "$connect":
            skip(
                route, CKV_AWS_309="API Gateway authorizes WebSocket connections at $connect only."
            )
        routes.append(template.add_resource(route))
    return routes


def _add_stage(template: Template, api: Api, deployment_id: If) -> None:
    group = template.add_resource(log_group("ApiAccessLog", Condition=ACCESS_LOGS))
    account = _add_account(template, api)
    stage = Stage(
        "Stage",
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
        # The stage has to wait for the account's setting, and a DependsOn cannot be conditional.
        Description=If(ACCESS_LOGS, Sub(f"Logs by ${{{account.title}}}"), NoValue),
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
