"""The WebSocket API of socket tasks: its routes, who may connect, and its stage."""

from __future__ import annotations

from typing import Any

from troposphere import If, NoValue, Ref, Sub, Template
from troposphere.apigatewayv2 import Api, Authorizer, Route
from troposphere.awslambda import Function

from websocket_stack.cloudformation import api_routes, api_stage, monitoring
from websocket_stack.cloudformation.tasks_settings import (
    API,
    HAS_IDENTITY_SOURCE,
    WITH_AUTHORIZER,
    WITH_IAM,
)

# Any other action has no route, and API Gateway answers it with "Forbidden".
ROUTES = {
    "$connect": "ConnectRoute",
    "$disconnect": "DisconnectRoute",
    "task-submit": "SubmitRoute",
    "sendMessage": "MessageRoute",
    "stop": "StopRoute",
    "resume": "ResumeRoute",
    "sign-in": "SignInRoute",
    "ping": "PingRoute",
}
INTEGRATION = "SubmitIntegration"


def new_api() -> Api:
    """Return the API, without anything that it calls."""
    return Api(
        API,
        Name=Sub("${AWS::StackName}-tasks"),
        Description="Takes tasks and chat messages for a model, and streams what it writes",
        ProtocolType="WEBSOCKET",
        RouteSelectionExpression="$request.body.action",
    )


def add_routes(template: Template, api: Api, function: Function) -> None:
    """Add the API's routes, its stage and its alarms.

    Args:
        template: where to add them.
        api: the API.
        function: what all routes call.
    """
    template.add_resource(api_routes.lambda_integration(INTEGRATION, api, f"{function.title}.Arn"))
    authorization = _add_authorization(template, api)
    routes = [
        _route(api, title, key, authorization if key == "$connect" else {})
        for key, title in ROUTES.items()
    ]
    for route in routes:
        template.add_resource(route)
    template.add_resource(api_routes.permission("AllowApi", Ref(function), api, "*"))
    # Nothing takes this stage's place, so that it deploys itself what changes. Before there is a
    # route, nothing can be deployed.
    # https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename.html
    api_stage.add(
        template,
        api,
        Ref("StageName"),
        AutoDeploy=True,
        DependsOn=[route.title for route in routes],
    )
    monitoring.add_api_alarms(
        template,
        function,
        {"ApiId": Ref(api), "Stage": Ref("StageName")},
        ("Clients were not answered.", "Clients were refused."),
    )


def _route(api: Api, title: str, key: str, authorization: dict[str, Any]) -> Route:
    return api_routes.route(title, api, key, INTEGRATION, **authorization)


def _add_authorization(template: Template, api: Api) -> dict[str, Any]:
    """Add the authorizer, if there is one; return the properties of ``$connect``."""
    authorizer = template.add_resource(
        Authorizer(
            "Authorizer",
            Condition=WITH_AUTHORIZER,
            ApiId=Ref(api),
            Name="owner",
            AuthorizerType="REQUEST",
            AuthorizerUri=api_routes.invocation_uri("AuthorizerArn"),
            IdentitySource=If(HAS_IDENTITY_SOURCE, Ref("AuthorizerIdentitySource"), NoValue),
        )
    )
    template.add_resource(
        api_routes.permission(
            "AllowAuthorizer",
            Ref("AuthorizerArn"),
            api,
            f"authorizers/${{{authorizer.title}}}",
            Condition=WITH_AUTHORIZER,
        )
    )
    return {
        "AuthorizationType": If(WITH_IAM, "AWS_IAM", If(WITH_AUTHORIZER, "CUSTOM", "NONE")),
        "AuthorizerId": If(WITH_AUTHORIZER, Ref(authorizer), NoValue),
    }
