"""The WebSocket API of ``templates/socket-tasks.yaml``."""

from __future__ import annotations

from typing import Any

import pytest

from tests.evaluator import Stack
from tests.websocket_stack.cloudformation.tasks_stack import (
    AUTHORIZER,
    CUSTOM,
    JWT,
    NONE,
    evaluated,
)

ACTIONS = {"task-submit", "sendMessage", "stop", "resume", "sign-in", "ping"}


def routes(stack: Stack) -> dict[str, dict[str, Any]]:
    return {
        route["RouteKey"]: route for route in stack.of_type("AWS::ApiGatewayV2::Route").values()
    }


def test_an_unknown_action_has_no_route() -> None:
    """So that clients of Socket LLM get the same error as before."""
    assert routes(evaluated()).keys() == {"$connect", "$disconnect", *ACTIONS}


def test_every_route_calls_the_same_function() -> None:
    stack = evaluated()
    for route in routes(stack).values():
        assert route["Target"] == "integrations/<SubmitIntegration>"
        # Answers are posted; API Gateway itself would answer with what the function returns.
        assert "RouteResponseSelectionExpression" not in route
    (permission,) = stack.of_type("AWS::Lambda::Permission").values()
    assert permission["FunctionName"] == "<Submit>"
    assert permission["SourceArn"].endswith(":abc123/*")


@pytest.mark.parametrize(
    ("given", "authorization"),
    [({}, "AWS_IAM"), (JWT, "NONE"), (CUSTOM, "CUSTOM"), (NONE, "NONE")],
)
def test_who_may_connect(given: dict[str, str], authorization: str) -> None:
    stack = evaluated(**given)
    assert routes(stack)["$connect"]["AuthorizationType"] == authorization
    assert ("AuthorizerId" in routes(stack)["$connect"]) is (given == CUSTOM)
    assert ("Authorizer" in stack.resources) is (given == CUSTOM)


def test_an_authorizer_is_a_function_that_the_api_may_call() -> None:
    source = {"AuthorizerIdentitySource": "route.request.querystring.token"}
    stack = evaluated(**CUSTOM, **source)
    authorizer = stack.properties("Authorizer")
    assert authorizer["AuthorizerType"] == "REQUEST"
    assert f"/functions/{AUTHORIZER}/invocations" in authorizer["AuthorizerUri"]
    assert authorizer["IdentitySource"] == ["route.request.querystring.token"]
    assert "IdentitySource" not in evaluated(**CUSTOM).properties("Authorizer")
    permission = stack.properties("AllowAuthorizer")
    assert permission["FunctionName"] == AUTHORIZER
    assert permission["SourceArn"].endswith("/authorizers/<Authorizer>")


def test_the_stage_deploys_what_changes() -> None:
    stack = evaluated(StageName="live", ThrottlingRate="7")
    stage = stack.properties("Stage")
    assert stage["AutoDeploy"] is True
    assert stage["StageName"] == "live"
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == "7"
    assert set(stack.resources["Stage"]["DependsOn"]) == {
        *stack.of_type("AWS::ApiGatewayV2::Route")
    }


def test_access_logs_are_optional() -> None:
    assert "AccessLogSettings" not in evaluated().properties("Stage")
    assert "AccessLogSettings" in evaluated(ManageApiGatewayLogs="true").properties("Stage")
