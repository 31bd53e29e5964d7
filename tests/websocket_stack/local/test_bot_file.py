from __future__ import annotations

import os
from pathlib import Path

import pytest

from websocket_stack.lex_bot.reading import BotFileError
from websocket_stack.local.bot_file import BotFile

PARTING = "locales: {en_US: {intents: {Parting: {utterances: [bye]}}}}"
GREETING = "locales: {en_US: {intents: {Greeting: {utterances: [hello]}}}}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "bot.yaml"
    path.write_text(PARTING)
    return path


def write(path: Path, text: str) -> None:
    """Write the file, at another time than before however coarse the clock of the disk is."""
    before = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(before + 1, before + 1))


def test_it_is_read_again_when_it_changes(path: Path) -> None:
    reports: list[str] = []
    bot_file = BotFile(path, lambda description: ["no function Greeting"], reports.append)
    before = bot_file["en_US"]
    assert bot_file["en_US"] is before
    assert (list(bot_file), len(bot_file), reports) == (["en_US"], 1, [])

    write(path, GREETING)
    assert list(bot_file["en_US"].intents) == ["Greeting"]
    assert reports == [f"{path} was read again", "Warning: no function Greeting"]


def test_a_mistake_leaves_the_bot_as_it_was(path: Path) -> None:
    reports: list[str] = []
    bot_file = BotFile(path, lambda description: [], reports.append)
    before = bot_file["en_US"]

    write(path, "locales: {en_US: {intents: 17}}")
    assert bot_file["en_US"] is before
    (report,) = reports
    assert report.startswith(f"Warning: {path}")
    assert report.endswith("the intents stay as they were")

    path.unlink()
    assert bot_file["en_US"] is before
    assert len(reports) == 1


def test_a_mistake_at_the_start_is_an_error(path: Path) -> None:
    path.write_text("locales: 17")
    with pytest.raises(BotFileError):
        BotFile(path, lambda description: [], print)
