"""Which values a stack's parameters get: set now, derived from the sources, kept, or default."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.template_files import TemplateFile
from websocket_stack.project import command
from websocket_stack.spelling import hint

# These follow from the sources, and cannot be set.
DERIVED = ("CodeBucket", "CodeKey", "TemplatesBucket", "TemplatesPrefix", "Revision")


def parse(settings: Sequence[str], option: str = "--set") -> dict[str, str]:
    """Parse ``Name=Value`` texts.

    Args:
        settings: the texts.
        option: the option that they were given with.

    Raises:
        CommandFailed: one has no name or no equals sign.
    """
    values = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not name or not equals:
            raise CommandFailed(f"{option} takes Name=Value, and {setting!r} is not")
        values[name] = value
    return values


def check(template: TemplateFile, wanted: Mapping[str, str], previous: Mapping[str, str]) -> None:
    """Check the values that were set, before anything is built or uploaded.

    Args:
        template: the template that takes them.
        wanted: the values that were set now.
        previous: the values that the stack has.

    Raises:
        CommandFailed: a parameter is unknown or derived, one without a default has no value, or
            one has a value that the template does not take.
    """
    free = [name for name in template.parameters if name not in DERIVED]
    for name, value in wanted.items():
        if name in DERIVED:
            raise CommandFailed(f"{name} cannot be set: {command('deploy')} works it out")
        if name not in free:
            near = hint(name, free) or f"; it has {', '.join(sorted(free))}"
            raise CommandFailed(f"{template.path.name} has no parameter {name}{near}")
        if expected := _unmet(template.parameters[name].rules, value):
            raise CommandFailed(f"{name} takes {expected}")
    for name in free:
        if template.parameters[name].default is None and name not in {*wanted, *previous}:
            raise CommandFailed(f"{template.path.name} needs a value: --set {name}=…")


def _unmet(rules: Mapping[str, Any], value: str) -> str | None:
    """Return the rule that a value breaks; the value may be a secret, and is not in it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    """
    allowed = [str(each) for each in rules.get("AllowedValues", (value,))]
    if value not in allowed:
        return "one of: " + ", ".join(each or "nothing" for each in allowed)
    if rules.get("Type") == "Number":
        least, most = rules.get("MinValue", -math.inf), rules.get("MaxValue", math.inf)
        if not _is_between(value, float(least), float(most)):
            return f"a number from {least} to {most}"
    if len(value) > int(rules.get("MaxLength", len(value))):
        return f"at most {rules['MaxLength']} characters"
    pattern = rules.get("AllowedPattern", r"[\s\S]*")
    is_list = rules.get("Type") == "CommaDelimitedList"
    values = [each.strip() for each in value.split(",")] if is_list else [value]
    if not all(re.fullmatch(pattern, each) for each in values):
        return f"what matches {pattern}"
    return None


def _is_between(value: str, least: float, most: float) -> bool:
    try:
        return least <= float(value) <= most
    except ValueError:
        return False


def choose(
    template: TemplateFile,
    wanted: Mapping[str, str],
    derived: Mapping[str, str],
    previous: Mapping[str, str],
) -> list[dict[str, str | bool]]:
    """Return the parameters of a change set.

    Args:
        template: the template that takes them.
        wanted: the values that were set now.
        derived: the values that follow from the sources.
        previous: the values that the stack has, which stay unless they are set now.
    """
    values: list[dict[str, str | bool]] = []
    given = {**wanted, **derived}
    for name in template.parameters:
        if name in given:
            values.append({"ParameterKey": name, "ParameterValue": given[name]})
        elif name in previous:
            values.append({"ParameterKey": name, "UsePreviousValue": True})
    return values


def effective(
    template: TemplateFile, wanted: Mapping[str, str], previous: Mapping[str, str]
) -> dict[str, str]:
    """Return the values that parameters will have; those that are derived are left out.

    Args:
        template: the template.
        wanted: the values that were set now.
        previous: the values that the stack has.
    """
    return {
        name: wanted.get(name, previous.get(name, parameter.default or ""))
        for name, parameter in template.parameters.items()
        if name not in DERIVED
    }


def revision(
    template: TemplateFile,
    sources: Sequence[str],
    wanted: Mapping[str, str],
    previous: Mapping[str, str],
) -> str:
    """Return a hash of everything that a version of the Lambda is made from, but secrets.

    Another revision publishes a version; the same one leaves the stack as it is.

    Args:
        template: the template.
        sources: hashes of code and templates.
        wanted: the values that were set now.
        previous: the values that the stack has.
    """
    values = {
        name: value
        for name, value in effective(template, wanted, previous).items()
        if not template.parameters[name].is_secret
    }
    text = json.dumps([list(sources), values], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
