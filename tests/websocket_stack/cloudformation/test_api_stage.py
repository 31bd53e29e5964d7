"""The stage of a WebSocket API, as streaming-support has it."""

from __future__ import annotations

import json

import pytest

from tests.evaluator import Stack, evaluate

ACCESS_LOGS = {"ManageApiGatewayLogs": "true"}


def evaluated(**given: str) -> Stack:
    return evaluate("streaming-support", given)


def test_the_stage_throttles_every_route() -> None:
    stage = evaluated(ThrottlingRate="7", ThrottlingBurst="9").properties("Stage")
    assert stage["StageName"] == "Prod"
    # Of the default, not of a route: API Gateway throttles no key that is not there.
    assert stage["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": "7",
        "ThrottlingBurstLimit": "9",
    }
    assert "RouteSettings" not in stage


def test_access_logs_have_no_query_string() -> None:
    settings = evaluated(**ACCESS_LOGS).properties("Stage")["AccessLogSettings"]
    assert settings["DestinationArn"] == "<ApiAccessLog.Arn>"
    logged = set(json.loads(settings["Format"]).values())
    assert logged == {
        "$context.requestId",
        "$context.routeKey",
        "$context.status",
        "$context.connectionId",
        "$context.error.message",
        "$context.integrationErrorMessage",
    }


def test_without_access_logs_there_is_no_role() -> None:
    stage = evaluated().properties("Stage")
    assert not {"AccessLogSettings", "Tags"} & stage.keys()


def test_the_stage_comes_after_the_accounts_role() -> None:
    # By a reference, since a resource that may not exist cannot be depended on.
    assert "<ApiGatewayAccount>" in json.dumps(evaluated(**ACCESS_LOGS).properties("Stage"))


@pytest.mark.parametrize("title", ["ApiGatewayAccount", "ApiGatewayLogsRole"])
def test_the_accounts_settings_outlive_the_stack(title: str) -> None:
    resource = evaluated(**ACCESS_LOGS).resources[title]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
