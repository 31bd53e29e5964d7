"""Fixes parameters of a template: what then never exists goes, what always does needs no condition.

Knows the functions that this project's templates use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

Definition: TypeAlias = dict[str, Any]
"""A template, or a part of one, as JSON has it."""

NO_VALUE = {"Ref": "AWS::NoValue"}


def specialize(template: Definition, values: Mapping[str, Any]) -> Definition:
    """Return a template with fewer parameters.

    Args:
        template: the template.
        values: by parameter, a text, or ``{"Ref": …}`` to a resource that takes its place.
    """
    fixing = _Fixing(values, template.get("Conditions", {}))
    return {
        **template,
        "Parameters": {
            name: parameter
            for name, parameter in template["Parameters"].items()
            if name not in values
        },
        "Conditions": fixing.undecided(),
        "Rules": fixing.rules(template.get("Rules", {})),
        "Resources": fixing.existing(template["Resources"]),
        "Outputs": fixing.existing(template["Outputs"]),
    }


class _Fixing:
    """Puts values in the place of parameters, and decides the conditions that follow from them."""

    def __init__(self, values: Mapping[str, Any], conditions: Mapping[str, Any]) -> None:
        self._values = values
        self._conditions = conditions

    def undecided(self) -> Definition:
        """Return the conditions that other parameters decide."""
        found = {name: self.condition(each) for name, each in self._conditions.items()}
        for name, left in found.items():
            # A condition has to be a function; only within one can it be another's name.
            while isinstance(left, dict) and "Condition" in left:
                left = found[name] = self.condition(self._conditions[left["Condition"]])
        return {name: left for name, left in found.items() if not isinstance(left, bool)}

    def existing(self, parts: Mapping[str, Any]) -> Definition:
        """Return resources or outputs, without those that never exist."""
        found = {}
        for name, part in parts.items():
            is_always_there = "Condition" not in part
            exists = is_always_there or self.condition({"Condition": part["Condition"]})
            if exists is not False:
                found[name] = self.value(part)
            if exists is True:
                found[name].pop("Condition", None)
        return found

    def rules(self, rules: Mapping[str, Any]) -> Definition:
        """Return the rules that can still be broken."""
        return {
            name: rule
            for name, rule in rules.items()
            if any(self.condition(each["Assert"]) is not True for each in rule["Assertions"])
        }

    # --- values

    def value(self, part: Any) -> Any:
        """Return a part of a template with values in it."""
        match part:
            case {"Ref": name} if name in self._values:
                return self._values[name]
            case {"Fn::Sub": str(text)}:
                return self._sub(text)
            case {"Fn::Sub": [str(text), dict(variables)]}:
                return {"Fn::Sub": [text, self.value(variables)]}
            case {"Fn::If": [condition, first, second]}:
                return self._if(condition, first, second)
            case dict():
                fixed = {key: self.value(each) for key, each in part.items()}
                return {key: each for key, each in fixed.items() if each != NO_VALUE}
            case list():
                return [each for each in map(self.value, part) if each != NO_VALUE]
        return part

    def _sub(self, text: str) -> Any:
        def replacement(match: re.Match[str]) -> str:
            value = self._values.get(match[1], {"Ref": match[1]})
            return value if isinstance(value, str) else f"${{{value['Ref']}}}"

        fixed = re.sub(r"\$\{([^!}][^}]*)\}", replacement, text)
        return {"Fn::Sub": fixed} if "${" in fixed else fixed

    def _if(self, condition: str, first: Any, second: Any) -> Any:
        decided = self.condition({"Condition": condition})
        if isinstance(decided, bool):
            return self.value(first if decided else second)
        return {"Fn::If": [condition, self.value(first), self.value(second)]}

    # --- conditions

    def condition(self, definition: Any) -> Any:
        """Return whether a condition holds, or what is left of it to decide."""
        match definition:
            case {"Condition": name}:
                decided = self.condition(self._conditions[name])
                return decided if isinstance(decided, bool) else definition
            case {"Fn::Equals": pair}:
                return self._equals(*map(self._text, pair))
            case {"Fn::Not": [inner]}:
                decided = self.condition(inner)
                return not decided if isinstance(decided, bool) else {"Fn::Not": [decided]}
            case {"Fn::And": parts}:
                return self._together("Fn::And", parts, decisive=False)
            case {"Fn::Or": parts}:
                return self._together("Fn::Or", parts, decisive=True)
        raise ValueError(f"no condition: {definition}")

    def _text(self, operand: Any) -> Any:
        match self.value(operand):
            case {"Fn::Join": [_, str(text)]}:
                return text  # a list that was fixed
            case value:
                return value

    def _equals(self, one: Any, other: Any) -> Any:
        if isinstance(one, str | int | float) and isinstance(other, str | int | float):
            return str(one) == str(other)
        if one in self._values.values() and other == "":
            return False  # a resource has a name
        return {"Fn::Equals": [one, other]}

    def _together(self, function: str, parts: list[Any], *, decisive: bool) -> Any:
        decided = [self.condition(each) for each in parts]
        if decisive in decided:
            return decisive
        left = [each for each in decided if not isinstance(each, bool)]
        if not left:
            return not decisive
        return left[0] if len(left) == 1 else {function: left}
