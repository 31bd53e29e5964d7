"""Which of a builder's files go into the zip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.websocket_stack.deployment.source_trees import failure, write
from websocket_stack.deployment.build.code_files import code_files

BOT = ["my_bot.py", "my_bot.yaml", "texts/en.json", "orders/tests/data.json", "LICENSE"]
OTHERS = [
    ".env",
    ".git/config",
    ".venv/lib/site.py",
    "venv/lib/site.py",
    "__pycache__/my_bot.pyc",
    "orders/__pycache__/x.pyc",
    "tests/test_orders.py",
    "test_my_bot.py",
    "conftest.py",
    "requirements.txt",
    "pyproject.toml",
    "lib-1.0.dist-info/RECORD",
]


def test_tests_and_what_is_of_this_machine_stay(tmp_path: Path) -> None:
    assert sorted(code_files(write(tmp_path, dict.fromkeys(BOT + OTHERS, "")))) == sorted(BOT)


def test_patterns_leave_out_more_and_take_back(tmp_path: Path) -> None:
    patterns = "# large\n*.json\n!orders/tests/*.json\n!/tests/\n/orders/secret/\n"
    names = [*BOT, *OTHERS, "orders/secret/key"]
    folder = write(tmp_path, dict.fromkeys(names, "") | {".lambdaignore": patterns})
    taken = [
        "my_bot.py",
        "my_bot.yaml",
        "orders/tests/data.json",
        "LICENSE",
        "tests/test_orders.py",
    ]
    assert sorted(code_files(folder)) == sorted(taken)


def test_a_folder_that_is_ignored_is_not_looked_into(tmp_path: Path) -> None:
    """Where a link to a folder would be refused."""
    folder = write(tmp_path / "bot", {"my_bot.py": "", "data/a.txt": ""})
    (folder / "data" / "linked").symlink_to(tmp_path)
    assert "is a link to a folder" in failure(code_files, folder)
    (folder / ".lambdaignore").write_text("data/\n")
    assert sorted(code_files(folder)) == ["my_bot.py"]


@pytest.mark.parametrize(
    "output",
    [
        "build/fulfillment-201a6a07be3a.zip",
        "build/lib/my_bot.py",
        "dist/my_bot-1.0-py3-none-any.whl",
        "my_bot.egg-info/PKG-INFO",
        "fulfillment-201a6a07be3a.zip",
        "out/fulfillment-201a6a07be3a.zip",
        "out/my-bot-lex.zip",
    ],
)
def test_what_builds_write_is_no_code(tmp_path: Path, output: str) -> None:
    files = {"my_bot.py": "", "src/build/a.py": "", "models.zip": "", "fulfillment-times.zip": ""}
    assert code_files(write(tmp_path, files | {output: ""})).keys() == files.keys()


def test_packages_may_be_called_as_the_folders_of_builds(tmp_path: Path) -> None:
    files = ["my_bot.py", "build/__init__.py", "build/walls.py", "dist/__init__.py"]
    zips = ["build/fulfillment-201a6a07be3a.zip"]
    assert sorted(code_files(write(tmp_path, dict.fromkeys(files + zips, "")))) == sorted(files)


def test_patterns_take_back_the_folder_of_builds(tmp_path: Path) -> None:
    folder = write(tmp_path, {"build/page.html": "", ".lambdaignore": "!/build/\n"})
    assert code_files(folder).keys() == {"build/page.html"}


def test_a_single_file_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "test_bot.py"
    path.write_text("")
    assert code_files(path) == {"test_bot.py": path}


@pytest.mark.parametrize("content", [b"\xff\xfe", b"!\n"])
def test_a_broken_file_of_patterns_is_named(tmp_path: Path, content: Any) -> None:
    write(tmp_path, {"my_bot.py": ""})
    (tmp_path / ".lambdaignore").write_bytes(content)
    assert str(tmp_path / ".lambdaignore") in failure(code_files, tmp_path)
