"""Routes of a WebSocket API, and the permission to call what is behind them."""

from __future__ import annotations

from troposphere.apigatewayv2 import Api

from websocket_stack.cloudformation import api_routes

API = Api("Chat", Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="x")


def test_only_connect_may_be_authorized() -> None:
    connect = api_routes.route("Connect", API, "$connect", "Call", AuthorizationType="AWS_IAM")
    ping = api_routes.route("Ping", API, "ping", "Call")
    assert connect.AuthorizationType == "AWS_IAM"
    assert ping.AuthorizationType == "NONE"
    # Which checkov would complain of.
    assert "Metadata" not in connect.to_dict()
    assert "CKV_AWS_309" in str(ping.Metadata)


def test_a_function_is_called_by_its_arn() -> None:
    uri = api_routes.lambda_integration("Call", API, "Function.Arn").to_dict()
    assert uri["Properties"]["IntegrationUri"]["Fn::Sub"].endswith(
        "/functions/${Function.Arn}/invocations"
    )


def test_an_api_alone_may_call() -> None:
    permission = api_routes.permission("Allow", "function", API, "*/$connect")
    assert permission.SourceArn.data["Fn::Sub"].endswith(":${Chat}/*/$connect")
