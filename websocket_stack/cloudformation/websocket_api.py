"""The WebSocket API of streaming-support: its routes, integrations and deployments."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from troposphere import And, AWSObject, Condition, If, Not, Ref, Sub, Template
from troposphere.apigatewayv2 import Api, Deployment, Integration, Route
from troposphere.awslambda import Function

from websocket_stack.cloudformation import api_routes, api_stage, monitoring
from websocket_stack.cloudformation.parameters import STREAMING

# The only stage that the roles of Lex Web UI let a browser call.
# https://github.com/aws-samples/aws-lex-web-ui/blob/master/templates/cognito.yaml
STAGE = "Prod"
ANONYMOUS = "Anonymous"
# The integration of each route.
ROUTES = {
    "$connect": "RegistrationIntegration",
    "$disconnect": "RegistrationIntegration",
    "ping": "SilentIntegration",
    "$default": "SilentIntegration",
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
            api_routes.permission(
                f"Allow{name.capitalize()}",
                Ref(function),
                api,
                f"*/${name}",
                Condition=STREAMING,
            )
        )
    deployment_id = _add_deployments(template, api, [*integrations, *added_routes])
    api_stage.add(template, api, STAGE, Condition=STREAMING, DeploymentId=deployment_id)
    monitoring.add_api_alarms(
        template,
        function,
        {"ApiId": Ref(api), "Stage": STAGE},
        ("Browsers could not be registered.", "Browsers were refused."),
        Condition=STREAMING,
    )
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
        api_routes.lambda_integration(
            "RegistrationIntegration", api, "Registration.Arn", Condition=STREAMING
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
    return [
        template.add_resource(
            api_routes.route(
                f"{key.strip('$').capitalize()}Route",
                api,
                key,
                target,
                Condition=STREAMING,
                AuthorizationType=Ref("ConnectAuthorization") if key == "$connect" else "NONE",
            )
        )
        for key, target in targets.items()
    ]
