"""Tracebacks for the person who builds the bot."""

from __future__ import annotations

import importlib
import json

import pytest

from websocket_stack.local.functions.tracebacks import place_of, traceback_of


def test_what_loads_a_module_is_left_out() -> None:
    with pytest.raises(ModuleNotFoundError) as raised:
        importlib.import_module("no_such_module")
    # From the call on; the one above it is this test's, as a builder's is.
    raised.value.__traceback__ = raised.tb.tb_next
    assert traceback_of(raised.value) == "ModuleNotFoundError: No module named 'no_such_module'\n"


def test_a_builders_frames_and_causes_stay() -> None:
    with pytest.raises(LookupError) as raised:
        try:
            int("x")
        except ValueError as exc:
            raise LookupError("no order") from exc
    text = traceback_of(raised.value)
    assert text.count(__file__) == 2
    assert "ValueError: invalid literal" in text and text.endswith("LookupError: no order\n")


def test_the_last_line_of_the_builders_is_the_place() -> None:
    """What the line calls is a library's, here the standard one."""
    with pytest.raises(json.JSONDecodeError) as raised:
        json.loads("{")
    line = raised.tb.tb_lineno
    assert place_of(raised.value) == f"test_tracebacks.py, line {line}"
    raised.value.__traceback__ = raised.tb.tb_next
    assert place_of(raised.value) == ""


def test_a_source_that_is_no_python_is_a_place() -> None:
    with pytest.raises(SyntaxError) as raised:
        compile("\nreturn = 1", "/bots/my_bot.py", "exec")
    assert place_of(raised.value) == "my_bot.py, line 2"
