"""The packages that a bot builder's folder asks for, installed for Lambda's platform.

pip downloads them and runs none of their code: only wheels are taken, which need no building.
https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

from packaging.utils import canonicalize_name

from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.build.dependencies import belongs
from websocket_stack.deployment.build.markers import environment, left_out
from websocket_stack.deployment.build.source_files import Files

# Lambda's runtimes bring these, and botocore alone has more than 25 MB.
# https://docs.aws.amazon.com/lambda/latest/dg/python-package.html#python-package-searchpath
IN_RUNTIME = frozenset({"boto3", "botocore", "s3transfer"})
PINNED = re.compile(r"\s*(?:boto3|botocore|s3transfer)\s*(?:\[[^]]*\])?\s*(?:[=<>~!]|@)")
# Both runtimes are on Amazon Linux 2023, which has glibc 2.34.
# https://docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html
OLDEST_GLIBC, GLIBC = 17, 34
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}


class NoWheel(CommandFailed):
    """A package has no wheel for Lambda's platform, or does not exist."""


class Platform(NamedTuple):
    """What a function runs on.

    Attributes:
        runtime: Lambda's name of the runtime.
        architecture: Lambda's name of the processor.
    """

    runtime: str = "python3.13"
    architecture: str = "arm64"

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Platform:
        """Return the platform that a template's parameters choose."""
        default = cls()
        return cls(
            parameters.get("Runtime", default.runtime),
            parameters.get("Architecture", default.architecture),
        )

    @property
    def python(self) -> str:
        """The version of Python."""
        return self.runtime.removeprefix("python")

    @property
    def markers(self) -> dict[str, str]:
        """The values of the markers of requirements."""
        return environment(self.python, MACHINES[self.architecture])

    @property
    def tags(self) -> list[str]:
        """The platform tags of wheels that it takes, the newest first."""
        machine = MACHINES[self.architecture]
        newest_first = range(GLIBC, OLDEST_GLIBC - 1, -1)
        return [
            *(f"manylinux_2_{each}_{machine}" for each in newest_first),
            f"manylinux2014_{machine}",
        ]


def install(folder: Path, platform: Platform, constraints: Iterable[str], target: Path) -> Files:
    """Install what a folder requires, and return the files of all packages.

    Args:
        folder: the folder, with a ``requirements.txt`` or the ``dependencies`` of a
            ``pyproject.toml``; without either nothing is installed.
        platform: what the function runs on.
        constraints: the versions of packages that the zip has anyway.
        target: an empty folder for them.

    Raises:
        NoWheel: a package has no wheel for the platform.
        CommandFailed: it cannot be installed for another reason.
    """
    arguments, lines = _required(folder)
    if not arguments:
        return {}
    packages = _installed(folder, platform, arguments, constraints, target)
    while missing := set(left_out(lines, packages, platform.markers)) - set(arguments):
        arguments = [*arguments, *sorted(missing)]
        target = target.with_name(f"{target.name}-more")
        packages = _installed(folder, platform, arguments, constraints, target)
    packed = packages if any(map(PINNED.match, lines)) else filter(_is_not_in_runtime, packages)
    return {
        file.as_posix(): Path(str(file.locate()))
        for package in packed
        for file in package.files or ()
        if belongs(file)
    }


def _is_not_in_runtime(package: Distribution) -> bool:
    return canonicalize_name(package.metadata["Name"]) not in IN_RUNTIME


def _required(folder: Path) -> tuple[list[str], list[str]]:
    """Return pip's arguments, and the requirements in them."""
    listed = folder / "requirements.txt"
    if listed.is_file():
        lines = listed.read_text("utf-8").splitlines()
        return ["--requirement", listed.name], lines
    project = folder / "pyproject.toml"
    try:
        content = tomllib.loads(project.read_text("utf-8")) if project.is_file() else {}
    except ValueError as exc:
        raise CommandFailed(f"{project}: {exc}") from exc
    if "dependencies" in content.get("project", {}).get("dynamic", ()):
        raise CommandFailed(f"{project}: its dependencies are dynamic; add a requirements.txt")
    dependencies = content.get("project", {}).get("dependencies", [])
    return list(dependencies), list(dependencies)


def _installed(
    folder: Path,
    platform: Platform,
    arguments: Sequence[str],
    constraints: Iterable[str],
    target: Path,
) -> list[Distribution]:
    """Install packages, and return all that came of it."""
    pinned = target.with_name(f"{target.name}.constraints.txt")
    pinned.write_text("\n".join(constraints), "utf-8")
    command = [
        *(sys.executable, "-P", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-compile", "--retries", "2", "--only-binary", ":all:", "--implementation", "cp"),
        *("--python-version", platform.python),
        *(word for tag in platform.tags for word in ("--platform", tag)),
        *("--target", str(target), "--constraint", str(pinned)),
    ]
    # In the folder, from where requirements may name files.
    ran = subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True)
    if ran.returncode:
        raise _refusal(folder, platform, ran.stderr)
    return list(distributions(path=[str(target)]))


def _refusal(folder: Path, platform: Platform, output: str) -> CommandFailed:
    # With --quiet, pip does not say what it tried before it found nothing.
    if "Retrying (" in output:
        return CommandFailed(f"{folder}: the package index cannot be reached; try again")
    if missing := re.search(r"No matching distribution found for (.+)", output):
        return NoWheel(
            f"{folder}: {missing[1]} has no wheel for {platform.runtime} on"
            f" {platform.architecture}, or does not exist; take another version, or build a wheel"
            " and name its file in requirements.txt"
        )
    errors = [line.removeprefix("ERROR: ") for line in output.splitlines() if "ERROR" in line]
    reason = errors[-1] if errors else output.strip().rpartition("\n")[2]
    return CommandFailed(f"{folder}: its packages cannot be installed: {reason}")
