"""Conditions: with ``Fn::Join``, by which a template asks whether a list has items; and in diffs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers, stacks


def install() -> None:
    own = engine._evaluate_conditions

    def evaluate(template: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
        conditions = _joined(template.get("Conditions", {}), parameters)
        return own({**template, "Conditions": conditions}, parameters)

    for module in (changesets, engine, handlers, stacks):
        if "_evaluate_conditions" in vars(module):
            vars(module)["_evaluate_conditions"] = evaluate
    _compare_what_exists()


def _compare_what_exists() -> None:
    """Have change sets see that a condition adds or removes a resource."""
    own = changesets._resolve_props_for_diff

    def resolve(template: Mapping[str, Any], parameters: Mapping[str, Any], *stack: str) -> Any:
        resolved = own(template, parameters, *stack)
        conditions = engine._evaluate_conditions(template, parameters)
        resources = {
            name: resource
            for name, resource in resolved.get("Resources", {}).items()
            if conditions.get(resource.get("Condition"), True)
        }
        return {**resolved, "Resources": resources}

    changesets._resolve_props_for_diff = resolve


def _joined(value: Any, parameters: Mapping[str, Any]) -> Any:
    match value:
        case {"Fn::Join": [separator, {"Ref": name}]}:
            return separator.join(each.strip() for each in parameters[name]["Value"].split(","))
        case dict():
            return {key: _joined(each, parameters) for key, each in value.items()}
        case list():
            return [_joined(each, parameters) for each in value]
    return value
