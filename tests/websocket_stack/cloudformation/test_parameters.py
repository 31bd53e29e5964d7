"""Parameters and conditions, in a template of their own."""

from __future__ import annotations

from typing import Any

import pytest
from cfn_tools import load_yaml
from troposphere import Template, sns

from tests.evaluator import Refused, Stack, evaluate_template
from websocket_stack.cloudformation import parameters


def template() -> Template:
    template = parameters.new_template(
        "A test",
        {
            "First": [
                parameters.text("Name", "A name.", None),
                parameters.switch("Wanted", "Whether.", default=True),
                parameters.number("Amount", "How much.", 0.2, 0, 10),
            ],
            "Second": [
                parameters.text("Topic", "A topic."),
                parameters.comma_list("Topics", "More."),
            ],
        },
    )
    for title, condition in (
        ("IfWanted", parameters.is_true("Wanted")),
        ("IfGiven", parameters.is_given("Topic")),
        ("IfSome", parameters.has_items("Topics")),
    ):
        template.add_condition(f"Has{title}", condition)
        template.add_resource(sns.Topic(title, Condition=f"Has{title}"))
    return template


def evaluated(**given: str) -> Stack:
    loaded: dict[str, Any] = load_yaml(template().to_yaml())
    return evaluate_template(loaded, {"Name": "x"} | given)


def test_parameters_are_grouped_for_the_console() -> None:
    groups = template().to_dict()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert groups == [
        {"Label": {"default": "First"}, "Parameters": ["Name", "Wanted", "Amount"]},
        {"Label": {"default": "Second"}, "Parameters": ["Topic", "Topics"]},
    ]


def test_a_text_without_a_default_is_required() -> None:
    with pytest.raises(Refused, match="Name needs a value"):
        evaluate_template(load_yaml(template().to_yaml()))


@pytest.mark.parametrize("amount", ["-0.1", "10.1"])
def test_a_number_out_of_bounds_is_refused(amount: str) -> None:
    with pytest.raises(Refused, match="Amount"):
        evaluated(Amount=amount)


@pytest.mark.parametrize(
    ("default", "written"), [(0.2, "0.2"), (25, "25"), (1024, "1024"), (0, "0")]
)
def test_default_numbers_have_no_needless_zeros(default: float, written: str) -> None:
    assert parameters.number("Amount", "How much.", default, 0, 5000).Default == written


@pytest.mark.parametrize(
    ("given", "resources"),
    [
        ({}, {"IfWanted"}),
        ({"Wanted": "false"}, set()),
        ({"Wanted": "false", "Topic": "t"}, {"IfGiven"}),
        ({"Wanted": "false", "Topics": "t,u"}, {"IfSome"}),
    ],
)
def test_conditions_read_values(given: dict[str, str], resources: set[str]) -> None:
    assert evaluated(**given).resources.keys() == resources
