"""What is installed here, for environments that a test makes: nothing is downloaded or compiled."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement


def link(folder: Path, *requirements: str) -> None:
    """Put links to what requirements need, themselves included, into a folder.

    Args:
        folder: becomes a path of modules and of the metadata of their distributions.
        requirements: of distributions that are installed; this package's own modules are left out.
    """
    names = set().union(*map(_required, requirements)) - {"lex-streaming"}
    for path in _modules(names):
        (folder / path.name).symlink_to(path)


def _required(requirement: str) -> set[str]:
    """Return the names of what a requirement installs, itself included."""
    found: set[str] = set()
    todo = [Requirement(requirement)]
    while todo:
        each = todo.pop()
        for further in map(Requirement, metadata.requires(each.name) or ()):
            extras = each.extras or {""}
            holds = not further.marker or any(
                further.marker.evaluate({"extra": extra}) for extra in extras
            )
            if holds and (further.extras or further.name not in found):
                todo.append(further)
        found.add(each.name)
    return found


def _modules(names: set[str]) -> set[Path]:
    """Return the modules, packages and metadata of distributions."""
    return {
        Path(str(distribution.locate_file(file.parts[0])))
        for distribution in map(metadata.distribution, names)
        for file in distribution.files or ()
        if file.parts[0] not in ("..", "__pycache__")
    }
