"""Which files of a folder belong into the zip, and under which names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath
from typing import NoReturn, TypeAlias

from websocket_stack.command_line import CommandFailed

# The installer writes these into a *.dist-info, and they differ from one machine to the next. The
# rest came with the wheel and stays: licenses have to go along, and METADATA names the package.
WRITTEN_BY_INSTALLERS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")

Files: TypeAlias = dict[str, Path]
"""Files by their names in the zip."""


def package_files(folder: Path) -> Files:
    """Return the modules of a Python package, and nothing else of its folder."""
    return {
        f"{folder.name}/{name}": path
        for name, path in files_in(folder).items()
        if path.suffix == ".py" or path.name == "py.typed"
    }


def files_in(path: Path) -> Files:
    """Return the files of a folder, or a single file.

    Hidden files, compiled Python and the notes of installers are left out.

    Args:
        path: a folder or a file.

    Raises:
        CommandFailed: it does not exist, or the folder holds links to folders or to nothing.
    """
    if path.is_file():
        return {path.name: path}
    if not path.is_dir():
        raise CommandFailed(f"{path}: there is no such folder")
    files = walk(path, lambda name: is_source(PurePath(name).name))
    return {name: file for name, file in files.items() if not is_installers_note(file)}


def walk(folder: Path, keeps: Callable[[str], bool]) -> Files:
    """Return the files of a folder.

    Args:
        folder: the folder.
        keeps: whether a file, or a folder within, is looked at, by its path from there; that of a
            folder ends with a slash.

    Raises:
        CommandFailed: it holds links to folders or to nothing.
    """
    files: Files = {}
    for parent, folders, names in os.walk(folder, onerror=_raise):
        place = Path(parent).relative_to(folder)
        folders[:] = [each for each in folders if keeps(f"{(place / each).as_posix()}/")]
        for link in (each for each in folders if Path(parent, each).is_symlink()):
            raise CommandFailed(
                f"{Path(parent, link)} is a link to a folder; copy that folder instead"
            )
        for name in (each for each in names if keeps((place / each).as_posix())):
            file = Path(parent, name)
            if not file.is_file():
                raise CommandFailed(f"{file} is not a file, or a link to none")
            files[(place / name).as_posix()] = file
    return files


def _raise(error: OSError) -> NoReturn:
    raise error


def is_source(name: str) -> bool:
    """Return whether the name of a file or folder is neither hidden nor compiled Python's."""
    return (
        not name.startswith(".") and name != "__pycache__" and not name.endswith((".pyc", ".pyo"))
    )


def is_installers_note(file: PurePath) -> bool:
    """Return whether an installer wrote a file into its package's metadata."""
    return file.parent.suffix == ".dist-info" and file.name in WRITTEN_BY_INSTALLERS


def merge(parts: Iterable[Files]) -> Files:
    """Return all files together.

    Raises:
        CommandFailed: two different files have one name.
    """
    together: Files = {}
    for name, path in (item for part in parts for item in part.items()):
        other = together.setdefault(name, path)
        if other != path and other.read_bytes() != path.read_bytes():
            raise CommandFailed(f"{name} would be two files: {other} and {path}")
    return together
