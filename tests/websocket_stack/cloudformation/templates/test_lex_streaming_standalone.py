"""Everything in one file: what the other two templates make, without a bucket."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.settings import Settings
from tests.evaluator import TEMPLATES, Refused, Stack, evaluate, source
from websocket_stack.cloudformation.inline_code import digest, inline_code

NAME = "lex-streaming-standalone"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MOST_BYTES = 1024 * 1024
LAYER = "arn:aws:lambda:eu-central-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-{}-arm64:37"
API = "https://abc123.execute-api.eu-central-1.amazonaws.com/Prod"


def evaluated(**given: str) -> Stack:
    return evaluate(NAME, given, {"StreamingWebSocket": "abc123"})


def function(stack: Stack) -> dict[str, Any]:
    return stack.properties("Fulfillment")


def sids(stack: Stack) -> set[str]:
    (policy,) = stack.properties("FulfillmentRole")["Policies"]
    return {each["Sid"] for each in policy["PolicyDocument"]["Statement"]}


def test_the_console_takes_it() -> None:
    assert (TEMPLATES / f"{NAME}.yaml").stat().st_size < MOST_BYTES


def test_it_needs_neither_values_nor_a_bucket() -> None:
    assert all("Default" in each for each in source(NAME)["Parameters"].values())
    assert function(evaluated())["Code"] == {"ZipFile": inline_code()}
    assert function(evaluated())["Handler"] == "index.lambda_handler"


def test_it_makes_a_bot_that_streams() -> None:
    stack = evaluated()
    settings = Settings.from_environ(function(stack)["Environment"]["Variables"])

    assert settings.streaming_endpoint == API
    assert stack.outputs.keys() >= {"BotId", "BotAliasId", "WebSocketEndpoint", "SessionTableName"}
    assert sids(stack) >= {"FindTheConnection", "PostFrames", "RememberConversations"}


def test_without_streaming_neither_api_nor_table_is_made() -> None:
    stack = evaluated(AllowStreamingResponses="false")

    assert not stack.of_type("AWS::ApiGatewayV2::Api")
    assert list(stack.of_type("AWS::DynamoDB::Table")) == ["ConversationTable"]
    assert not sids(stack) & {"FindTheConnection", "PostFrames"}


@pytest.mark.parametrize("runtime", ["python3.13", "python3.14"])
def test_powertools_is_aws_layer(runtime: str) -> None:
    assert function(evaluated(Runtime=runtime))["Layers"] == [
        LAYER.format(runtime.replace(".", ""))
    ]


def test_the_alias_needs_no_new_version() -> None:
    """In the console nobody changes a revision with each parameter."""
    assert evaluated().properties("LiveAlias")["FunctionVersion"] == "$LATEST"
    assert digest(inline_code()) in function(evaluated())["Description"]


def test_few_parameters_are_offered() -> None:
    assert len(source(NAME)["Parameters"]) < 25
    with pytest.raises(Refused):
        evaluated(ThrottlingRate="1")
