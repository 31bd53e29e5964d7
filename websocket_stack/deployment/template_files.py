"""The CloudFormation templates as files: which parameters they declare, how they get to AWS."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cfn_flip  # type: ignore[import-untyped]

from websocket_stack.deployment.failures import Failed

FOLDER = Path(__file__).resolve().parents[2] / "templates"
NAMES = ("lex-streaming", "streaming-support", "fulfillment")
# A larger template has to be in a bucket.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_BODY_BYTES = 51_200


class Parameter(NamedTuple):
    """A parameter as a template declares it; without a default it has to be given."""

    default: str | None
    is_secret: bool


@dataclass(frozen=True)
class TemplateFile:
    """A template, read."""

    path: Path
    body: str
    parameters: Mapping[str, Parameter]
    has_nested_stacks: bool

    @property
    def needs_code(self) -> bool:
        return "CodeKey" in self.parameters

    @property
    def needs_bucket(self) -> bool:
        is_large = len(self.body.encode()) > MAX_BODY_BYTES
        return is_large or self.needs_code or self.has_nested_stacks


def read(name: str, folder: Path = FOLDER) -> TemplateFile:
    """Read a template by its name without ``.yaml``.

    Raises:
        Failed: it is missing or no template.
    """
    path = folder / f"{name}.yaml"
    try:
        body = path.read_text("utf-8")
        loaded, _ = cfn_flip.load(body)
        resources = loaded["Resources"].values()
        declared = loaded.get("Parameters") or {}
    except FileNotFoundError:
        raise Failed(f"{path} is missing; scripts/templates makes it") from None
    except Exception as exc:  # whatever the YAML parser makes of it
        raise Failed(f"{path} is no CloudFormation template ({type(exc).__name__})") from exc
    return TemplateFile(
        path,
        body,
        {each: _parameter(declaration) for each, declaration in declared.items()},
        any(resource["Type"] == "AWS::CloudFormation::Stack" for resource in resources),
    )


def _parameter(declaration: Mapping[str, Any]) -> Parameter:
    default = declaration.get("Default")
    is_secret = str(declaration.get("NoEcho", "")).lower() == "true"
    return Parameter(None if default is None else str(default), is_secret)


def beside(template: TemplateFile) -> list[Path]:
    """Return the files that deploy with a template: itself, and all of its folder if it nests."""
    if not template.has_nested_stacks:
        return [template.path]
    return sorted(template.path.parent.glob("*.yaml"))


def digest(paths: Sequence[Path]) -> str:
    """Return what names the content of some files."""
    hashed = hashlib.sha256()
    for path in paths:
        hashed.update(f"{path.name}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return hashed.hexdigest()[:32]
