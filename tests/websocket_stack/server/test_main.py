from __future__ import annotations

from typing import Any

import pytest

from websocket_stack.server import __main__ as command
from websocket_stack.server.app import ChatServer
from websocket_stack.server.options import argument_parser
from websocket_stack.server.shared_runs import SharedRuns

pytestmark = pytest.mark.slow


def options(*arguments: Any) -> Any:
    return argument_parser().parse_args(arguments)


def test_it_runs_with_nothing_set() -> None:
    chat_server, settings = command.build(options(), {})
    assert isinstance(chat_server, ChatServer)
    assert settings.time_between_chunks == 0.2


def test_it_shares_its_runs_if_it_is_told_to() -> None:
    url = "redis://127.0.0.1:1/0"
    chat_server, _ = command.build(options("--redis", url), {})
    assert isinstance(chat_server._services.runs, SharedRuns)


@pytest.mark.parametrize(
    ("arguments", "variable", "value"),
    [([], "MAX_RUNS", "none"), (["--model", "openai"], "OPENAI_MODEL", "")],
)
def test_what_is_wrong_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    variable: str,
    value: str,
) -> None:
    monkeypatch.setenv(variable, value)
    assert command.main([*arguments, "--port", "0"]) == 1
    assert capsys.readouterr().err.startswith("chat-server: ")
    assert capsys.readouterr().err.count("\n") == 0
