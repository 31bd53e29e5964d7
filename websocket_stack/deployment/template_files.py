"""The templates as files: which parameters they declare, and which files deploy together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import cfn_flip

from websocket_stack.command_line import CommandFailed
from websocket_stack.project import TEMPLATES

NAMES = (
    "lex-streaming",
    "streaming-support",
    "fulfillment",
    "lex-streaming-standalone",
    "socket-tasks",
    "graphql-chat",
)
# A larger template has to be read from a bucket.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_BODY_BYTES = 51_200


class ParameterDeclaration(NamedTuple):
    """A parameter as a template declares it.

    Attributes:
        default: its default; one without needs a value.
        is_secret: whether its value is hidden.
        rules: its declaration, which says what values it takes.
    """

    default: str | None
    is_secret: bool
    rules: Mapping[str, Any] = MappingProxyType({})


class DeclaredResource(NamedTuple):
    """A resource as a template declares it; a conditional one may not be made."""

    logical_id: str
    type: str
    is_conditional: bool


@dataclass(frozen=True)
class TemplateFile:
    """A template and what it needs to be deployed."""

    path: Path
    body: str
    parameters: Mapping[str, ParameterDeclaration]
    nested: Mapping[str, Path]

    @property
    def has_nested_stacks(self) -> bool:
        return bool(self.nested)

    @property
    def files(self) -> list[Path]:
        """The files that deploy together: the template, and those that it nests."""
        return sorted([self.path, *self.nested.values()])

    @property
    def needs_code(self) -> bool:
        return "CodeKey" in self.parameters

    @property
    def needs_bucket(self) -> bool:
        is_large = len(self.body.encode()) > MAX_BODY_BYTES
        return is_large or self.needs_code or self.has_nested_stacks


def read(name: str, folder: Path = TEMPLATES) -> TemplateFile:
    """Read a template.

    Args:
        name: its file's name without ``.yaml``.
        folder: the folder of templates.

    Raises:
        CommandFailed: the file is missing or is no template.
    """
    path = folder / f"{name}.yaml"
    try:
        body = path.read_text("utf-8")
        loaded, _ = cfn_flip.load(body)
        resources = loaded["Resources"].items()
        declared = loaded.get("Parameters") or {}
    except FileNotFoundError:
        raise CommandFailed(f"{path} is missing; scripts/templates makes it") from None
    except Exception as exc:  # the YAML parser and an odd structure raise almost anything
        raise CommandFailed(f"{path} is no CloudFormation template ({type(exc).__name__})") from exc
    return TemplateFile(
        path,
        body,
        {each: _parameter(declaration) for each, declaration in declared.items()},
        {
            logical_id: path.parent
            / str(resource["Properties"]["TemplateURL"]["Fn::Sub"]).rpartition("/")[2]
            for logical_id, resource in resources
            if resource["Type"] == "AWS::CloudFormation::Stack"
        },
    )


def nested_resources(template: TemplateFile) -> dict[str, list[DeclaredResource]]:
    """Return what each nested stack of a template declares, by the stack's logical id.

    Raises:
        OSError: a file cannot be read.
    """
    return {
        logical_id: [
            DeclaredResource(each, resource["Type"], "Condition" in resource)
            for each, resource in cfn_flip.load(path.read_text("utf-8"))[0]["Resources"].items()
        ]
        for logical_id, path in template.nested.items()
    }


def _parameter(declaration: Mapping[str, Any]) -> ParameterDeclaration:
    default = declaration.get("Default")
    is_secret = str(declaration.get("NoEcho", "")).lower() == "true"
    return ParameterDeclaration(None if default is None else str(default), is_secret, declaration)


def digest(paths: Sequence[Path]) -> str:
    """Return a hash of the names and contents of some files."""
    hashed = hashlib.sha256()
    for path in paths:
        hashed.update(f"{path.name}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return hashed.hexdigest()[:32]
