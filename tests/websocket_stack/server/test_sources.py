from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fulfillment import Bot
from websocket_stack.command_line import CommandFailed
from websocket_stack.server.bot_source import BotSource
from websocket_stack.server.chat_completions import ChatCompletionsSource
from websocket_stack.server.settings import ServerSettings
from websocket_stack.server.sources import load_bot, source_of

OPENAI = {"OPENAI_MODEL": "m", "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://test/v1"}


def make(model: Any, bot: Any = None, environ: Any = OPENAI) -> Any:
    return source_of(model, bot, ServerSettings(), environ)


@pytest.fixture
def bots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "chat_bots.py").write_text(
        "from fulfillment import Bot\nbot = Bot()\nother = 1\n", "utf-8"
    )
    (tmp_path / "broken_bots.py").write_text("1 / 0\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("chat_bots", None)


@pytest.mark.parametrize(
    ("model", "kind"),
    [("demo", BotSource), ("bedrock", BotSource), ("openai", ChatCompletionsSource)],
)
def test_each_choice_answers(model: str, kind: type[BotSource | ChatCompletionsSource]) -> None:
    assert isinstance(make(model), kind)


def test_a_bot_asks_any_model(bots: None) -> None:
    for model in ("demo", "openai"):
        assert isinstance(make(model, "chat_bots:bot"), BotSource)
    assert isinstance(load_bot("chat_bots:bot"), Bot)


@pytest.mark.parametrize(
    "name", ["chat_bots", "chat_bots.py", "chat_bots:other", "chat_bots:none", "no:bot"]
)
def test_there_is_no_such_bot(bots: None, name: str) -> None:
    with pytest.raises(CommandFailed):
        load_bot(name)


def test_a_bot_that_cannot_be_imported_says_why(bots: None) -> None:
    with pytest.raises(CommandFailed, match="ZeroDivisionError"):
        load_bot("broken_bots:bot")


@pytest.mark.parametrize("missing", ["OPENAI_MODEL", "OPENAI_API_KEY"])
def test_a_missing_setting_is_named(missing: str) -> None:
    with pytest.raises(CommandFailed, match=missing):
        make("openai", environ={**OPENAI, missing: ""})
