"""The routes of a WebSocket API, and how it calls Lambda functions."""

from __future__ import annotations

from typing import Any

from troposphere import Join, Ref, Sub
from troposphere.apigatewayv2 import Api, Integration, Route
from troposphere.awslambda import Permission

from websocket_stack.cloudformation.checkov import skip


def invocation_uri(function_arn: str) -> Sub:
    """Return the address by which API Gateway calls a function.

    Args:
        function_arn: its ARN, as a variable of ``Fn::Sub``.
    """
    return Sub(
        "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
        f"${{{function_arn}}}/invocations"
    )


def lambda_integration(title: str, api: Api, function_arn: str, **properties: Any) -> Integration:
    """Return the integration of a function; see :func:`invocation_uri`."""
    return Integration(
        title,
        ApiId=Ref(api),
        IntegrationType="AWS_PROXY",
        IntegrationUri=invocation_uri(function_arn),
        **properties,
    )


def route(title: str, api: Api, key: str, integration: str, **properties: Any) -> Route:
    """Return a route.

    Args:
        title: its logical id.
        api: its API.
        key: what selects it.
        integration: the integration's logical id.
        properties: its other properties; of ``$connect``, its authorization.
    """
    resource = Route(
        title,
        ApiId=Ref(api),
        RouteKey=key,
        Target=Join("/", ["integrations", Ref(integration)]),
        # Only $connect can be authorized; that holds for the whole connection.
        **{"AuthorizationType": "NONE", **properties},
    )
    if key != "$connect":
        skip(resource, CKV_AWS_309="API Gateway authorizes WebSocket connections at $connect only.")
    return resource


def permission(title: str, function: Any, api: Api, path: str, **properties: Any) -> Permission:
    """Return the permission for an API to call a function.

    Args:
        title: its logical id.
        function: the function's name or ARN.
        api: the API.
        path: what of the API calls it: stage and route, or an authorizer.
        properties: its other properties.
    """
    return Permission(
        title,
        FunctionName=function,
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=Sub(
            "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"
            f":${{{api.title}}}/{path}"
        ),
        **properties,
    )
