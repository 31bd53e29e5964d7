"""What packages require on Lambda, and pip left out.

pip chooses wheels for another platform, and yet evaluates markers such as
``; python_version >= "3.13"`` for the machine that it runs on.
https://github.com/pypa/pip/issues/11664
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name


def environment(python: str, machine: str) -> dict[str, str]:
    """Return the values of markers on Lambda.

    Args:
        python: the version, such as 3.13.
        machine: the processor as Linux calls it.
    """
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }


def left_out(
    lines: Iterable[str], packages: Iterable[Distribution], markers: Mapping[str, str]
) -> list[str]:
    """Return the requirements that are not installed, or in another version, without their markers.

    Args:
        lines: the lines of requirements that were asked for; other lines are passed over.
        packages: what is installed.
        markers: the values of markers where it will run.
    """
    installed = {canonicalize_name(each.metadata["Name"]): each for each in packages}
    wanted = [each for line in lines for each in _parsed(line)]
    seen: set[tuple[str, str]] = set()
    missing = []
    # With the extra that a requirement is of; none has the empty name.
    pending = [(each, "") for each in wanted]
    while pending:
        requirement, extra = pending.pop()
        if requirement.marker and not requirement.marker.evaluate({**markers, "extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        found = installed.get(name)
        # Of a package with a version for each platform, pip took this machine's.
        if found is None or not requirement.specifier.contains(found.version, prereleases=True):
            requirement.marker = None
            missing.append(str(requirement))
            continue
        for each in {"", *requirement.extras}:
            if (name, each) not in seen:
                seen.add((name, each))
                pending += [(inner, each) for inner in _required_by(found)]
    return sorted(missing)


def _parsed(line: str) -> Iterator[Requirement]:
    try:
        yield Requirement(line.partition(" #")[0].strip())
    except InvalidRequirement:
        return  # an option, a path or nothing


def _required_by(package: Distribution) -> Iterator[Requirement]:
    for line in package.requires or ():
        yield from _parsed(line)
