"""The WebSocket API of ``templates/streaming-support.yaml``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from troposphere import Template
from troposphere.apigatewayv2 import Integration

from tests.evaluator import Stack, evaluate
from websocket_stack.cloudformation.templates import streaming_support
from websocket_stack.cloudformation.websocket_api import ROUTES, content_hash

ANONYMOUS = {"ConnectAuthorization": "NONE"}
ACCESS_LOGS = {"ManageApiGatewayLogs": "true"}
IN_VPC = {"VpcSubnetId": "subnet-0a1b", "VpcSecurityGroupId": "sg-0a1b"}


def evaluated(**given: str) -> Stack:
    return evaluate("streaming-support", given)


def routes(stack: Stack) -> dict[str, dict[str, Any]]:
    return {
        route["RouteKey"]: route for route in stack.of_type("AWS::ApiGatewayV2::Route").values()
    }


def test_every_route_leads_to_its_integration() -> None:
    assert {key: route["Target"] for key, route in routes(evaluated()).items()} == {
        "$connect": "integrations/<RegistrationIntegration>",
        "$disconnect": "integrations/<RegistrationIntegration>",
        "ping": "integrations/<SilentIntegration>",
        "$default": "integrations/<SilentIntegration>",
    }


def test_messages_are_told_apart_by_their_action() -> None:
    api = evaluated().properties("StreamingWebSocket")
    assert api["RouteSelectionExpression"] == "$request.body.action"
    assert api["ProtocolType"] == "WEBSOCKET"


def test_messages_call_no_lambda() -> None:
    stack = evaluated()
    silent = stack.properties("SilentIntegration")
    assert silent["IntegrationType"] == "MOCK"
    assert "IntegrationUri" not in silent
    (template,) = silent["RequestTemplates"].values()
    assert json.loads(template) == {"statusCode": 200}
    for route in routes(stack).values():
        assert "RouteResponseSelectionExpression" not in route
    assert stack.of_type("AWS::ApiGatewayV2::RouteResponse") == {}
    assert stack.of_type("AWS::ApiGatewayV2::IntegrationResponse") == {}


def test_connect_and_disconnect_call_the_lambda() -> None:
    stack = evaluated()
    integration = stack.properties("RegistrationIntegration")
    assert integration["IntegrationType"] == "AWS_PROXY"
    assert integration["IntegrationUri"] == (
        "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/"
        "<Registration.Arn>/invocations"
    )
    permissions = stack.of_type("AWS::Lambda::Permission").values()
    api = "arn:aws:execute-api:eu-central-1:123456789012:<StreamingWebSocket>"
    assert {permission["SourceArn"] for permission in permissions} == {
        f"{api}/*/$connect",
        f"{api}/*/$disconnect",
    }
    for permission in permissions:
        assert permission["FunctionName"] == "<Registration>"
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert permission["Action"] == "lambda:InvokeFunction"


def deployment(stack: Stack) -> str:
    (title,) = stack.of_type("AWS::ApiGatewayV2::Deployment")
    assert stack.properties("Stage")["DeploymentId"] == f"<{title}>"
    return title


def test_a_deployment_waits_for_all_that_it_holds() -> None:
    stack = evaluated()
    held = {
        *stack.of_type("AWS::ApiGatewayV2::Route"),
        *stack.of_type("AWS::ApiGatewayV2::Integration"),
    }
    assert set(stack.resources[deployment(stack)]["DependsOn"]) == held


@pytest.mark.parametrize("given", [IN_VPC, ACCESS_LOGS, {"TableName": "mine"}])
def test_without_a_route_change_it_is_the_same(given: dict[str, str]) -> None:
    assert deployment(evaluated(**given)) == deployment(evaluated())


def test_another_authorization_reaches_the_stage() -> None:
    assert deployment(evaluated(**ANONYMOUS)) != deployment(evaluated())


def test_the_same_routes_make_the_same_deployment() -> None:
    assert _deployments(streaming_support.build()) == _deployments(
        streaming_support.build(dict(ROUTES))
    )


@pytest.mark.parametrize(
    "changed",
    [
        {key: target for key, target in ROUTES.items() if key != "ping"},
        {**ROUTES, "hello": "SilentIntegration"},
        {**ROUTES, "ping": "RegistrationIntegration"},
    ],
)
def test_other_routes_make_another_deployment(changed: Mapping[str, str]) -> None:
    before, after = (
        _deployments(streaming_support.build()),
        _deployments(streaming_support.build(changed)),
    )
    assert len(after) == 2
    assert before.isdisjoint(after)


def test_another_integration_is_another_deployment() -> None:
    silent = Integration("Silent", ApiId="a", IntegrationType="MOCK")
    same = Integration("Silent", ApiId="a", IntegrationType="MOCK")
    other = Integration("Silent", ApiId="a", IntegrationType="MOCK", PassthroughBehavior="NEVER")
    assert content_hash([silent]) == content_hash([same])
    assert content_hash([silent]) != content_hash([other])


def _deployments(template: Template) -> set[str]:
    return {
        title
        for title, resource in template.to_dict()["Resources"].items()
        if resource["Type"] == "AWS::ApiGatewayV2::Deployment"
    }
