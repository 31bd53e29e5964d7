"""What CloudFormation makes of a template: the resources, properties and outputs that exist.

Knows what our templates use and refuses everything else. Stricter than AWS in nothing, and as
strict in what matters here: values must suit their parameters, and a reference to a resource that
does not exist is an error. What only AWS knows stands in angle brackets: ``<Table.Arn>``.

A library does this too (cloud-radar), but takes an empty text for ``AWS::NoValue``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from cfn_tools import CfnYamlLoader

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
PSEUDO_PARAMETERS = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "chat",
    "AWS::URLSuffix": "amazonaws.com",
}
_NOTHING = object()


class Refused(Exception):
    """CloudFormation would refuse the template with these values."""


class Stack(NamedTuple):
    """An evaluated template; ``resources`` are whole, with ``Type`` and ``Properties``."""

    resources: dict[str, dict[str, Any]]
    outputs: dict[str, Any]

    def properties(self, title: str) -> dict[str, Any]:
        found: dict[str, Any] = self.resources[title].get("Properties", {})
        return found

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of all resources of a type, by title."""
        return {
            title: self.properties(title)
            for title, resource in self.resources.items()
            if resource["Type"] == kind
        }


def source(name: str) -> dict[str, Any]:
    """Return a template that is checked in, as it is."""
    loaded: dict[str, Any] = json.loads(_as_json(name))
    return loaded


@cache
def _as_json(name: str) -> str:
    return json.dumps(yaml.load((TEMPLATES / f"{name}.yaml").read_bytes(), Loader=_Loader))


class _Loader(yaml.CSafeLoader):
    """cfn-flip's loader on libyaml, which is ten times as fast as Python alone."""

    yaml_constructors = CfnYamlLoader.yaml_constructors
    yaml_multi_constructors = CfnYamlLoader.yaml_multi_constructors


def evaluate(
    name: str, given: Mapping[str, str] | None = None, known: Mapping[str, str] | None = None
) -> Stack:
    """Evaluate a template with parameters; ``known`` names what AWS would have answered.

    Raises:
        Refused: a value does not suit its parameter, or a reference leads nowhere.
    """
    return evaluate_template(source(name), given, known)


def evaluate_template(
    template: Mapping[str, Any],
    given: Mapping[str, str] | None = None,
    known: Mapping[str, str] | None = None,
) -> Stack:
    """Evaluate a template that is not checked in."""
    return _Evaluation(template, given or {}, known or {}).stack()


class _Evaluation:
    def __init__(
        self, template: Mapping[str, Any], given: Mapping[str, str], known: Mapping[str, str]
    ) -> None:
        self._conditions = template.get("Conditions", {})
        self._mappings = template.get("Mappings", {})
        self._resources = template["Resources"]
        self._outputs = template.get("Outputs", {})
        self._known = known
        self._parameters = _checked(template.get("Parameters", {}), given)

    def stack(self) -> Stack:
        return Stack(
            {
                title: self._value({k: v for k, v in resource.items() if k != "Condition"})
                for title, resource in self._resources.items()
                if self._exists(resource)
            },
            {
                name: self._value(output["Value"])
                for name, output in self._outputs.items()
                if self._exists(output)
            },
        )

    def _exists(self, part: Mapping[str, Any]) -> bool:
        return "Condition" not in part or self._holds({"Condition": part["Condition"]})

    def _holds(self, condition: Mapping[str, Any]) -> bool:
        ((function, argument),) = condition.items()
        match function:
            case "Condition":
                return self._holds(self._conditions[argument])
            case "Fn::And":
                return all([self._holds(each) for each in argument])
            case "Fn::Or":
                return any([self._holds(each) for each in argument])
            case "Fn::Not":
                return not self._holds(argument[0])
            case "Fn::Equals":
                left, right = (str(self._value(each)) for each in argument)
                return left == right
        raise NotImplementedError(function)

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [each for each in map(self._value, value) if each is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._result(function, argument)
        values = {key: self._value(each) for key, each in value.items()}
        return {key: each for key, each in values.items() if each is not _NOTHING}

    def _result(self, function: str, argument: Any) -> Any:
        match function:
            case "Ref":
                return self._reference(argument)
            case "Fn::GetAtt":
                return self._of_resource(argument[0], ".".join(argument))
            case "Fn::If":
                name, then, otherwise = argument
                return self._value(then if self._holds({"Condition": name}) else otherwise)
            case "Fn::FindInMap":
                name, first, second = map(self._value, argument)
                return self._mappings[name][first][second]
            case "Fn::Join":
                separator, parts = argument
                return str(separator).join(str(part) for part in self._value(parts))
            case "Fn::Split":
                separator, text = argument
                return str(self._value(text)).split(separator)
            case "Fn::Sub":
                text, own = argument if isinstance(argument, list) else (argument, {})
                variables = {name: self._value(value) for name, value in own.items()}
                return re.sub(
                    r"\$\{([^!}]+)\}",
                    lambda hit: (
                        variables[hit[1]] if hit[1] in variables else self._substitute(hit[1])
                    ),
                    text,
                )
        raise NotImplementedError(function)

    def _substitute(self, name: str) -> str:
        value = (
            self._of_resource(name.split(".")[0], name) if "." in name else self._reference(name)
        )
        if not isinstance(value, str):
            raise Refused(f"Fn::Sub takes no list: {name}")
        return value

    def _reference(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        if name in PSEUDO_PARAMETERS:
            return PSEUDO_PARAMETERS[name]
        if name in self._parameters:
            return self._parameters[name]
        return self._of_resource(name, name)

    def _of_resource(self, title: str, name: str) -> str:
        if title not in self._resources or not self._exists(self._resources[title]):
            raise Refused(f"{title} does not exist")
        return self._known.get(name, f"<{name}>")


def _checked(
    parameters: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]
) -> dict[str, str | list[str]]:
    unknown = given.keys() - parameters.keys()
    if unknown:
        raise Refused(f"no such parameters: {sorted(unknown)}")
    checked: dict[str, str | list[str]] = {}
    for name, parameter in parameters.items():
        if name not in given and "Default" not in parameter:
            raise Refused(f"{name} needs a value")
        value = given.get(name, parameter.get("Default"))
        if not isinstance(value, str) or not _suits(value, parameter):
            raise Refused(f"{name} does not take {value!r}")
        checked[name] = value.split(",") if parameter["Type"] == "CommaDelimitedList" else value
    return checked


def _suits(value: str, parameter: Mapping[str, Any]) -> bool:
    """Say whether a parameter takes a value.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    """
    if value not in parameter.get("AllowedValues", [value]):
        return False
    # "The pattern must match the entire parameter value."
    if not re.fullmatch(parameter.get("AllowedPattern", "(?s:.*)"), value):
        return False
    if len(value) > int(parameter.get("MaxLength", len(value))):
        return False
    if parameter["Type"] == "Number":
        number = float(value)
        return bool(parameter.get("MinValue", number) <= number <= parameter["MaxValue"])
    return True
