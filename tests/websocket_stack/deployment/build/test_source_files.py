"""Which files go into the zip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.websocket_stack.deployment.source_trees import SOURCES, failure, write
from websocket_stack.deployment.build.source_files import files_in, merge, package_files


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    return write(tmp_path / "code", SOURCES)


def test_of_a_package_only_its_modules_are_taken(tmp_path: Path) -> None:
    names = ["a.py", "py.typed", "notes.txt", ".env", "__pycache__/a.pyc", "b/c.py", "a.py.orig"]
    package = write(tmp_path / "package", dict.fromkeys(names, ""))
    assert package_files(package).keys() == {"package/a.py", "package/py.typed", "package/b/c.py"}


def test_hidden_compiled_and_installers_files_stay(tmp_path: Path) -> None:
    info = "lib-1.0.dist-info"
    sources = ["lib.py", "RECORD", f"{info}/METADATA", f"{info}/entry_points.txt"]
    others = [".env", ".git/config", "__pycache__/lib.pyc", f"{info}/RECORD", f"{info}/INSTALLER"]
    folder = write(tmp_path, dict.fromkeys(sources + others, ""))
    assert sorted(files_in(folder)) == sorted(sources)


def test_links_to_folders_are_refused(folder: Any, tmp_path: Path) -> None:
    (folder / "linked").symlink_to(tmp_path)
    assert "linked is a link to a folder" in failure(files_in, folder)


def test_links_to_nothing_are_refused(folder: Any) -> None:
    (folder / "broken.py").symlink_to(folder / "nothing")
    assert "broken.py is not a file" in failure(files_in, folder)


def test_the_same_file_from_two_folders_is_one(folder: Any, tmp_path: Path) -> None:
    other = write(tmp_path / "other", {"handler.py": SOURCES["handler.py"]})
    assert merge([files_in(folder), files_in(other)]) == files_in(folder)
