from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from websocket_stack.command_line import CommandFailed
from websocket_stack.lex_bot.reading import read
from websocket_stack.new.bot_folder import EXAMPLE, write_bot


@pytest.mark.slow
def test_a_new_bot_passes_its_own_test(tmp_path: Path) -> None:
    write_bot(tmp_path / "lamp-shop")
    environ = {**os.environ, "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=tmp_path / "lamp-shop",
        env=environ,
        capture_output=True,
        text=True,
    )

    assert ran.returncode == 0, ran.stdout
    assert "3 passed" in ran.stdout


def test_a_new_bot_has_its_own_name_everywhere(tmp_path: Path) -> None:
    files = write_bot(tmp_path / "lamp-shop")

    assert {path.name for path in files} == {
        *(".gitignore", "README.md", "requirements.txt", "requirements-dev.txt"),
        *("lamp_shop.py", "lamp_shop.yaml", "test_lamp_shop.py"),
    }
    for path in files:
        text = path.read_text("utf-8")
        assert not {"my_bot", "my-bot", "MyBot", "LEX_STREAMING"} & set(text.split())
        assert "my_bot" not in text
    assert "lamp_shop:bot" in (tmp_path / "lamp-shop/README.md").read_text("utf-8")
    assert read(tmp_path / "lamp-shop/lamp_shop.yaml").name == "LampShop"


def test_its_requirements_name_this_clone(tmp_path: Path) -> None:
    write_bot(tmp_path / "shop")
    required = (tmp_path / "shop/requirements-dev.txt").read_text("utf-8").splitlines()

    assert required[-2:] == [
        "-r requirements.txt",
        f"lex-streaming[local,deploy] @ {EXAMPLE.parents[1].as_uri()}",
    ]


@pytest.mark.parametrize("name", ["1st-bot", "my bot", "bücher", "fulfillment", "-", "json"])
def test_a_name_that_is_no_module_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandFailed, match="take "):
        write_bot(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_no_bot_is_written_into_another(tmp_path: Path) -> None:
    write_bot(tmp_path / "lamp-shop")

    with pytest.raises(CommandFailed, match="is a bot's folder already"):
        write_bot(tmp_path / "lamp-shop/shop")
    assert not (tmp_path / "lamp-shop/shop").exists()


@pytest.mark.parametrize("name", ["notes", ".gitignore"])
def test_nothing_of_the_builder_is_written_over(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / name).touch()

    with pytest.raises(CommandFailed, match="is not empty"):
        write_bot(folder)
    assert [path.name for path in folder.iterdir()] == [name]


def test_a_folder_may_have_an_environment_already(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    (folder / ".venv").mkdir(parents=True)
    assert folder / "shop.py" in write_bot(folder)
