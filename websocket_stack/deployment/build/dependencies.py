"""The packages that go into the zip, from the environment that runs this, checked one by one."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from pathlib import Path

from packaging.utils import canonicalize_name

from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.build.source_files import (
    Files,
    is_installers_note,
    is_source,
    merge,
)

# What fulfillment imports at run time and Lambda does not bring, with all that this needs in turn.
PACKAGES = ("aws-lambda-powertools", "jmespath", "typing-extensions")
COMPILED = (".so", ".pyd", ".dylib", ".dll")


def pins(constraints: str) -> dict[str, str]:
    """Return the versions that a constraints file pins, by normalized name."""
    versions = re.findall(r"^([\w.-]+)==(\S+)", constraints, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in versions}


def installed() -> dict[str, str]:
    """Return the versions of the packages that this environment has."""
    return {name: _distribution(name).version for name in PACKAGES}


def dependencies(versions: Mapping[str, str]) -> Files:
    """Return the files of all packages.

    Args:
        versions: the version that each package must have.

    Raises:
        CommandFailed: a package is missing, has another version, or does not fit every processor.
    """
    for name in PACKAGES:
        if name not in versions:
            raise CommandFailed(f"constraints.txt has no version of {name}")
    return merge(files_of(_distribution(name), versions[name]) for name in PACKAGES)


def _distribution(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError as exc:
        raise CommandFailed(f"{name} is not installed here") from exc


def files_of(package: Distribution, version: str) -> Files:
    """Return the files of an installed package as its wheel brought them.

    Raises:
        CommandFailed: it has another version, was changed since, or does not fit every processor.
    """
    name = package.metadata["Name"]
    if package.version != version:
        raise CommandFailed(
            f"{name} {package.version} is installed, constraints.txt has {version};"
            " delete .venv and try again"
        )
    files = {file.as_posix(): file for file in package.files or () if belongs(file)}
    if not files:
        raise CommandFailed(f"the files of {name} are not recorded; delete .venv and try again")
    for file in files.values():
        _check(file, name)
    return {each: Path(str(file.locate())) for each, file in files.items()}


def belongs(file: PackagePath) -> bool:
    """Return whether a file of an installed package goes into the zip."""
    # Files outside of site-packages are scripts, which no Lambda calls.
    is_script = ".." in file.parts
    return not is_script and all(map(is_source, file.parts)) and not is_installers_note(file)


def _check(file: PackagePath, name: str) -> None:
    if file.suffix in COMPILED:
        raise CommandFailed(
            f"{file} of {name} is compiled and would fit one kind of processor only"
        )
    if file.hash is None:
        raise CommandFailed(f"{file} of {name} cannot be checked; delete .venv and try again")
    digest = hashlib.new(file.hash.mode, file.read_binary()).digest()
    if base64.urlsafe_b64encode(digest).decode().rstrip("=") != file.hash.value:
        raise CommandFailed(f"{file} of {name} was changed; delete .venv and try again")
