"""Which of a bot builder's files go into the zip: all but those that are ignored."""

from __future__ import annotations

from pathlib import Path

from pathspec import GitIgnoreSpec

from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.build.source_files import Files, is_installers_note, walk

IGNORE_FILE = ".lambdaignore"
# Patterns of a .lambdaignore come after these, and can take them back.
IGNORED = (
    ".*",
    "__pycache__/",
    "*.py[co]",
    "*.egg-info/",
    "/venv/",
    "/node_modules/",
    "/tests/",
    "/test_*.py",
    "/conftest.py",
    "/requirements*.txt",
    "/pyproject.toml",
    # What build writes, wherever it was told to.
    "fulfillment-????????????.zip",
    "*-lex.zip",
)
# What build and tools of packaging write into, unless it is a Python package.
OF_BUILDS = ("build", "dist")


def code_files(path: Path) -> Files:
    """Return a builder's file, or the files of a folder that are not ignored.

    Args:
        path: a folder or a file.

    Raises:
        CommandFailed: it does not exist, its ``.lambdaignore`` cannot be read, or it holds links
            to folders or to nothing.
    """
    if path.is_file():
        return {path.name: path}
    if not path.is_dir():
        raise CommandFailed(f"{path}: there is no such folder")
    ignored = _ignored_in(path)
    files = walk(path, lambda name: not ignored.match_file(name))
    return {name: file for name, file in files.items() if not is_installers_note(file)}


def _ignored_in(folder: Path) -> GitIgnoreSpec:
    file = folder / IGNORE_FILE
    outputs = [f"/{each}/" for each in OF_BUILDS if not (folder / each / "__init__.py").is_file()]
    try:
        own = file.read_text("utf-8").splitlines() if file.is_file() else []
        return GitIgnoreSpec.from_lines([*IGNORED, *outputs, *own])
    except (OSError, ValueError) as exc:
        raise CommandFailed(f"{file}: {getattr(exc, 'strerror', None) or exc}") from exc
