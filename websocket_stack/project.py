"""Where the project's documents and templates are: in a clone, or in the installed package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
# Only wheels have it; see pyproject.toml.
_INSTALLED = _PACKAGE / "project_files"

IS_CLONE = not _INSTALLED.is_dir()
FOLDER = _PACKAGE.parent if IS_CLONE else _INSTALLED
TEMPLATES = FOLDER / "templates"


def command(verb: str) -> str:
    """Return how a person calls a command, such as ``scripts/serve``."""
    return f"scripts/{verb}" if IS_CLONE else f"lex-streaming {verb}"
