"""Kinds of template parameters, their groups in the console, and conditions on their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from troposphere import Equals, Join, Not, Parameter, Ref, Template

# The condition that every template has: replies are streamed.
STREAMING = "Streaming"


def new_template(description: str, groups: Mapping[str, Sequence[Parameter]]) -> Template:
    """Return a template with nothing but its parameters.

    Args:
        description: what CloudFormation shows of the template.
        groups: the parameters, by the label of their group in the console.
    """
    template = Template(Description=description)
    template.set_version()
    template.set_metadata(
        {
            "AWS::CloudFormation::Interface": {
                "ParameterGroups": [
                    {
                        "Label": {"default": label},
                        "Parameters": [parameter.title for parameter in parameters],
                    }
                    for label, parameters in groups.items()
                ]
            }
        }
    )
    for parameters in groups.values():
        for parameter in parameters:
            template.add_parameter(parameter)
    return template


# --- kinds


def text(name: str, description: str, default: str | None = "", **options: Any) -> Parameter:
    """Return a parameter that takes a text; a default of ``None`` makes it required."""
    if default is not None:
        options["Default"] = default
    return Parameter(name, Type="String", Description=description, **options)


def switch(name: str, description: str, *, default: bool) -> Parameter:
    """Return a parameter that takes true or false."""
    return text(name, description, str(default).lower(), AllowedValues=["true", "false"])


def comma_list(name: str, description: str, **options: Any) -> Parameter:
    """Return a parameter that takes a comma-separated list, empty by default."""
    return Parameter(
        name, Type="CommaDelimitedList", Description=description, Default="", **options
    )


def choice(name: str, description: str, values: Sequence[str], default: str) -> Parameter:
    """Return a parameter that takes one of a few values."""
    return text(name, description, default, AllowedValues=list(values))


def number(name: str, description: str, default: float, least: float, most: float) -> Parameter:
    """Return a parameter that takes a number between two bounds, both included."""
    return Parameter(
        name,
        Type="Number",
        Description=description,
        Default=f"{default:g}",
        MinValue=least,
        MaxValue=most,
    )


def streaming_switch() -> Parameter:
    """Return the parameter that every template has."""
    return switch(
        "AllowStreamingResponses",
        "Whether replies are streamed. A stack update switches it; bot and fulfillment stay.",
        default=True,
    )


# --- rules


def add_rule(template: Template, title: str, assertion: Any, description: str) -> None:
    """Have CloudFormation refuse values that do not go together.

    Args:
        template: where to add the rule.
        title: its logical id.
        assertion: what has to hold; a condition, but not by name.
        description: what is shown where it does not.
    """
    asserted = {"Assert": assertion, "AssertDescription": description}
    template.add_rule(title, {"Assertions": [asserted]})


# --- conditions


def is_true(parameter: str) -> Equals:
    return Equals(Ref(parameter), "true")


def is_given(parameter: str) -> Not:
    return Not(Equals(Ref(parameter), ""))


def has_items(parameter: str) -> Not:
    # A condition compares texts, not lists.
    return Not(Equals(Join("", Ref(parameter)), ""))
