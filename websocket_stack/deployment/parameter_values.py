"""Which values a stack's parameters get: set now, worked out here, kept, or the default."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from websocket_stack.deployment.failures import Failed
from websocket_stack.deployment.template_files import TemplateFile

# What follows from the sources, and is not for people to set.
WORKED_OUT = ("CodeBucket", "CodeKey", "TemplatesBucket", "TemplatesPrefix", "Revision")


def parsed(settings: Sequence[str]) -> dict[str, str]:
    """Return ``Name=Value`` texts as a map.

    Raises:
        Failed: one has no name or no equals sign.
    """
    values = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not name or not equals:
            raise Failed(f"--set takes Name=Value, and {setting!r} is not")
        values[name] = value
    return values


def check(template: TemplateFile, wanted: Mapping[str, str], previous: Mapping[str, str]) -> None:
    """Check what people set, before anything is built or uploaded.

    Raises:
        Failed: a parameter is unknown, worked out here, or needed and missing.
    """
    free = [name for name in template.parameters if name not in WORKED_OUT]
    for name in wanted:
        if name in WORKED_OUT:
            raise Failed(f"{name} cannot be set: scripts/deploy works it out")
        if name not in free:
            raise Failed(
                f"{template.path.name} has no parameter {name}; it has {', '.join(sorted(free))}"
            )
    for name in free:
        if template.parameters[name].default is None and name not in {*wanted, *previous}:
            raise Failed(f"{template.path.name} needs a value: --set {name}=…")


def chosen(
    template: TemplateFile,
    wanted: Mapping[str, str],
    worked_out: Mapping[str, str],
    previous: Mapping[str, str],
) -> list[dict[str, str | bool]]:
    """Return the parameters of a change set.

    What is not set now keeps the value it had, or has the template's default.
    """
    values: list[dict[str, str | bool]] = []
    given = {**wanted, **worked_out}
    for name in template.parameters:
        if name in given:
            values.append({"ParameterKey": name, "ParameterValue": given[name]})
        elif name in previous:
            values.append({"ParameterKey": name, "UsePreviousValue": True})
    return values


def revision(
    template: TemplateFile,
    sources: Sequence[str],
    wanted: Mapping[str, str],
    previous: Mapping[str, str],
) -> str:
    """Return a name of all that a version of the Lambda is made from.

    Takes what names the sources, its code and templates. Another name publishes a version, the
    same one leaves the stack as it is. No secret has a part in it.
    """
    effective = {
        name: wanted.get(name, previous.get(name, parameter.default))
        for name, parameter in template.parameters.items()
        if name not in WORKED_OUT and not parameter.is_secret
    }
    text = json.dumps([list(sources), effective], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
