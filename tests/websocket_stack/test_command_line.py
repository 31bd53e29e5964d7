"""What the scripts say and ask."""

from __future__ import annotations

import pytest

from websocket_stack.command_line import Console, complain, table


@pytest.mark.parametrize(
    ("answer", "goes_on"), [("y", True), ("YES ", True), ("", False), ("n", False), ("yep", False)]
)
def test_only_yes_is_yes(answer, goes_on) -> None:
    assert Console(ask=lambda question: answer).confirms("Go on?") is goes_on


def test_nothing_is_asked_where_yes_was_said_before() -> None:
    def ask(question: str) -> str:
        raise AssertionError(question)

    assert Console(yes=True, ask=ask).confirms("Go on?")


def test_nobody_to_ask_is_no() -> None:
    def ask(question: str) -> str:
        raise EOFError

    said: list[str] = []
    assert not Console(say=said.append, ask=ask).confirms("Go on?")
    assert said == ["nobody to ask; --yes goes on without asking"]


def test_lines_go_to_standard_output_and_complaints_to_standard_error(capsys) -> None:
    Console().say("a line")
    complain("deploy", "it went wrong")

    assert capsys.readouterr() == ("a line\n", "deploy: it went wrong\n")


def test_columns_are_aligned_and_lines_end_with_their_text() -> None:
    assert table([("a", "long", "x"), ("bcd", "s", "")]) == ["a    long  x", "bcd  s"]
