"""Folders of sources to build a zip from, and how building them fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from websocket_stack.command_line import CommandFailed

SOURCES = {
    "handler.py": "def lambda_handler(event, context):\n    return {}\n",
    "words/__init__.py": "",
    "words/größe.txt": "one line\nanother\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files into a folder, by their names in it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def failure(call: Callable[..., Any], *arguments: Any) -> str:
    """Return how a call fails, which is one line."""
    with pytest.raises(CommandFailed) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)
