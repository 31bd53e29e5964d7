"""Parameters fixed at values, and what follows from them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.evaluator import evaluate_template, source
from websocket_stack.cloudformation.specialization import specialize

IS_LARGE = {"Fn::Equals": [{"Ref": "Size"}, "large"]}
HAS_NAME = {"Fn::Not": [{"Fn::Equals": [{"Ref": "Name"}, ""]}]}
TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Size": {"Type": "String", "Default": "small"},
        "Name": {"Type": "String", "Default": ""},
        "Tags": {"Type": "CommaDelimitedList", "Default": ""},
    },
    "Conditions": {
        "IsLarge": IS_LARGE,
        "HasName": HAS_NAME,
        "Both": {"Fn::And": [{"Condition": "IsLarge"}, {"Condition": "HasName"}]},
        "Either": {"Fn::Or": [{"Condition": "IsLarge"}, {"Condition": "HasName"}]},
        "HasTags": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "Tags"}]}, ""]}]},
    },
    "Rules": {"Named": {"Assertions": [{"Assert": HAS_NAME, "AssertDescription": "a name"}]}},
    "Resources": {
        "Table": {
            "Type": "Table",
            "Condition": "IsLarge",
            "Properties": {"Title": {"Fn::Sub": "${Name}-${Size}"}},
        },
        "Queue": {
            "Type": "Queue",
            "Properties": {
                "Both": {"Fn::If": ["Both", {"Ref": "Name"}, {"Ref": "AWS::NoValue"}]},
                "List": [{"Fn::If": ["IsLarge", "large", {"Ref": "AWS::NoValue"}]}],
            },
        },
    },
    "Outputs": {"Table": {"Condition": "IsLarge", "Value": {"Ref": "Table"}}},
}


def test_what_never_exists_goes() -> None:
    template = specialize(TEMPLATE, {"Size": "small", "Tags": ""})

    assert template["Parameters"].keys() == {"Name"}
    assert template["Conditions"] == {"HasName": HAS_NAME, "Either": HAS_NAME}
    assert template["Resources"] == {"Queue": {"Type": "Queue", "Properties": {"List": []}}}
    assert template["Outputs"] == {}


def test_what_always_exists_needs_no_condition() -> None:
    template = specialize(TEMPLATE, {"Size": "large"})

    table = {"Type": "Table", "Properties": {"Title": {"Fn::Sub": "${Name}-large"}}}
    assert template["Resources"]["Table"] == table
    assert template["Outputs"] == {"Table": {"Value": {"Ref": "Table"}}}
    # A condition cannot be another's name alone.
    assert template["Conditions"]["Both"] == HAS_NAME
    assert template["Resources"]["Queue"]["Properties"] == {
        "Both": {"Fn::If": ["Both", {"Ref": "Name"}, {"Ref": "AWS::NoValue"}]},
        "List": ["large"],
    }


def test_a_resource_takes_a_parameters_place() -> None:
    template = specialize(TEMPLATE, {"Name": {"Ref": "Queue"}, "Size": "large"})

    title = template["Resources"]["Table"]["Properties"]["Title"]
    assert title == {"Fn::Sub": "${Queue}-large"}
    assert template["Resources"]["Queue"]["Properties"]["Both"] == {"Ref": "Queue"}
    assert template["Rules"] == {}


def test_rules_stay_while_they_can_be_broken() -> None:
    assert specialize(TEMPLATE, {"Size": "large"})["Rules"] == TEMPLATE["Rules"]
    assert specialize(TEMPLATE, {"Name": ""})["Rules"] == TEMPLATE["Rules"]


def test_an_unknown_condition_is_refused() -> None:
    template = TEMPLATE | {"Conditions": {"Odd": {"Fn::Contains": [["a"], "a"]}}}
    with pytest.raises(ValueError, match="no condition"):
        specialize(template, {})


@pytest.mark.parametrize("streaming", ["true", "false"])
def test_it_evaluates_as_the_template_with_these_values(streaming: str) -> None:
    template = source("streaming-support")
    defaults = {name: each["Default"] for name, each in template["Parameters"].items()}
    fixed = {name: each for name, each in defaults.items() if name != "AllowStreamingResponses"}
    given = {"AllowStreamingResponses": streaming}

    assert evaluate_template(specialize(template, fixed), given) == evaluate_template(
        template, given
    )
