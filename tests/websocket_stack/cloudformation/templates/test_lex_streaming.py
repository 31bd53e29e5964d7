"""``templates/lex-streaming.yaml``, evaluated together with what it nests."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any, NamedTuple

import pytest

from tests.evaluator import Stack, evaluate, source
from websocket_stack.cloudformation.templates.lex_streaming import LEFT_OUT, WIRED

NAME = "lex-streaming"
NESTED = {"StreamingSupport": "streaming-support", "FulfillmentStack": "fulfillment"}
REQUIRED = {
    "CodeBucket": "artifacts",
    "CodeKey": "code.zip",
    "TemplatesBucket": "artifacts",
    "TemplatesPrefix": "templates/0123abcd",
}
OFF = {"AllowStreamingResponses": "false"}
# What AWS would answer.
KNOWN = {
    "StreamingSupport.Outputs.WebSocketId": "abc123",
    "StreamingSupport.Outputs.DynamoTableName": "chat-sessions",
}


class Stacks(NamedTuple):
    """A stack and those that it nests."""

    outer: Stack
    nested: dict[str, Stack]


def evaluated(**given: str) -> Stacks:
    outer = evaluate(NAME, REQUIRED | given, KNOWN)
    nested = outer.of_type("AWS::CloudFormation::Stack")
    # The evaluator refuses unknown parameters, values of another type, and missing ones.
    return Stacks(
        outer,
        {title: evaluate(NESTED[title], nested[title]["Parameters"]) for title in nested},
    )


def test_both_templates_are_nested_from_the_bucket() -> None:
    stacks = evaluate(NAME, REQUIRED).of_type("AWS::CloudFormation::Stack")
    bucket = "https://artifacts.s3.eu-central-1.amazonaws.com/templates/0123abcd"
    assert {title: stack["TemplateURL"] for title, stack in stacks.items()} == {
        title: f"{bucket}/{template}.yaml" for title, template in NESTED.items()
    }


@pytest.mark.parametrize("title", NESTED)
def test_every_parameter_is_accounted_for(title: str) -> None:
    parameters = source(NESTED[title])["Parameters"].keys()
    passed = source(NAME)["Resources"][title]["Properties"]["Parameters"].keys()
    assert parameters - passed == (LEFT_OUT - {"ParentStackName", "TableName"}) & parameters
    assert passed <= parameters
    assert passed & WIRED == parameters & WIRED


@pytest.mark.parametrize("title", NESTED)
def test_a_parameter_is_as_the_nested_one(title: str) -> None:
    outer, inner = source(NAME)["Parameters"], source(NESTED[title])["Parameters"]
    shared = outer.keys() & inner.keys()
    assert shared
    for name in shared:
        assert outer[name] == inner[name], name


@pytest.mark.parametrize("title", NESTED)
def test_values_keep_their_names_when_nested(title: str) -> None:
    outer = source(NAME)["Parameters"]
    # Where more than one value is possible, another than the default.
    given = {name: _another_value(parameter) for name, parameter in outer.items()}
    given |= REQUIRED | {"AllowStreamingResponses": "true"}
    passed = evaluate(NAME, given, KNOWN).properties(title)["Parameters"]
    for name in passed.keys() & given.keys():
        assert passed[name] == given[name], name


def test_values_of_nested_parameters_are_texts() -> None:
    for title in NESTED:
        values = evaluate(NAME, REQUIRED).properties(title)["Parameters"].values()
        assert {type(value) for value in values} == {str}


@pytest.mark.parametrize(
    ("name", "arns"),
    [
        (
            "FallbackModelArns",
            ["arn:aws:bedrock:*::foundation-model/a", "arn:aws:bedrock:*::foundation-model/b"],
        ),
        (
            "PolicyArns",
            ["arn:aws:iam::123456789012:policy/a", "arn:aws:iam::aws:policy/b"],
        ),
    ],
)
def test_a_list_stays_a_list(name: str, arns: list[str]) -> None:
    fulfillment = evaluated(**{name: ",".join(arns)}).nested["FulfillmentStack"]
    assert json.dumps(arns) in json.dumps(fulfillment.resources["FulfillmentRole"])


def test_the_outer_stack_switches_memory() -> None:
    on, off = evaluated(), evaluated(RememberConversations="false")
    assert "ConversationTable" in on.nested["FulfillmentStack"].resources
    assert "ConversationTable" not in off.nested["FulfillmentStack"].resources
    assert (_variables(on)["CONVERSATION_TABLE"], _variables(off)["CONVERSATION_TABLE"]) == (
        "<ConversationTable>",
        "",
    )


def test_one_parameter_switches_streaming() -> None:
    assert evaluated().nested.keys() == NESTED.keys()
    assert evaluated(**OFF).nested.keys() == {"FulfillmentStack"}


def test_the_fulfillment_streams_over_its_api() -> None:
    assert _variables(evaluated())["STREAMING_ENDPOINT"] == (
        "https://abc123.execute-api.eu-central-1.amazonaws.com/Prod"
    )
    assert _variables(evaluated())["SESSION_TABLE"] == "chat-sessions"


def test_switched_off_the_fulfillment_stays() -> None:
    stacks = evaluated(**OFF)
    passed = stacks.outer.properties("FulfillmentStack")["Parameters"]
    assert (passed["WebSocketId"], passed["SessionTableName"]) == ("", "")
    assert _variables(stacks)["STREAMING_ENDPOINT"] == ""
    assert stacks.nested["FulfillmentStack"].resources.keys() == (
        evaluated().nested["FulfillmentStack"].resources.keys()
    )


def test_the_tables_name_stays_the_same() -> None:
    # A nested stack gets a new name whenever it is made again; the outer one keeps its name.
    assert evaluated().nested["StreamingSupport"].properties("ConnectionsTable")["TableName"] == (
        "chat-sessions"
    )
    passed = source(NAME)["Resources"]["StreamingSupport"]["Properties"]["Parameters"]
    assert passed["TableName"] == {"Fn::Sub": "${AWS::StackName}-sessions"}


@pytest.mark.parametrize(
    ("streaming", "create_bot"), list(itertools.product(["true", "false"], repeat=2))
)
def test_every_output_that_is_asked_for_is_there(streaming: str, create_bot: str) -> None:
    given = {"AllowStreamingResponses": streaming, "CreateBot": create_bot}
    nested = evaluated(**given).nested
    outer = evaluate(NAME, REQUIRED | given)
    references = re.findall(
        r"<(\w+)\.Outputs\.(\w+)>", json.dumps([outer.resources, outer.outputs])
    )
    assert references
    for title, output in references:
        assert output in nested[title].outputs


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, {"FunctionArn", "WebSocketEndpoint", "ConnectionsEndpoint", "SessionTableName"}),
        (OFF, {"FunctionArn"}),
        (OFF | {"CreateBot": "true"}, {"FunctionArn", "BotId", "BotAliasId", "BotLocaleId"}),
    ],
)
def test_the_outputs_are_what_people_need_next(given: dict[str, str], names: set[str]) -> None:
    assert evaluated(**given).outer.outputs.keys() == names


def _variables(stacks: Stacks) -> dict[str, str]:
    function = stacks.nested["FulfillmentStack"].properties("Fulfillment")
    environment: dict[str, str] = function["Environment"]["Variables"]
    return environment


def _another_value(parameter: dict[str, Any]) -> str:
    default = parameter.get("Default", "")
    if "AllowedValues" in parameter:
        value: str = next(each for each in parameter["AllowedValues"] if each != default)
        return value
    if parameter["Type"] == "Number":
        return str(parameter["MaxValue"])
    return "" if "AllowedPattern" in parameter and not default else "another"
