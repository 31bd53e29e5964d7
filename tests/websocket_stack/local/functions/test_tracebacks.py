"""Tracebacks for the person who builds the bot."""

from __future__ import annotations

import importlib

import pytest

from websocket_stack.local.functions.tracebacks import traceback_of


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
