"""What commands say and ask, and how they fail."""

from __future__ import annotations

import pytest

from websocket_stack.command_line import CommandFailed, Console, print_error, table


@pytest.mark.parametrize(
    ("answer", "goes_on"), [("y", True), ("YES ", True), ("", False), ("n", False), ("yep", False)]
)
def test_only_yes_is_yes(answer: str, goes_on: bool) -> None:
    assert Console(ask=lambda question: answer).confirms("Go on?") is goes_on


def test_yes_in_advance_asks_nothing() -> None:
    def ask(question: str) -> str:
        raise AssertionError(question)

    assert Console(yes=True, ask=ask).confirms("Go on?")


def test_without_a_terminal_nothing_is_done() -> None:
    def ask(question: str) -> str:
        raise EOFError

    lines: list[str] = []
    with pytest.raises(CommandFailed, match="--yes goes on without asking"):
        Console(ask=ask, say=lines.append).confirms("Go on?")
    assert lines == [""]


def test_lines_and_errors_go_to_their_own_streams(capsys: pytest.CaptureFixture[str]) -> None:
    Console().say("a line")
    print_error("deploy", "it went wrong")

    assert capsys.readouterr() == ("a line\n", "deploy: it went wrong\n")


def test_columns_are_aligned() -> None:
    """And lines end with their text."""
    assert table([("a", "long", "x"), ("bcd", "s", "")]) == ["a    long  x", "bcd  s"]
    assert table([]) == []
