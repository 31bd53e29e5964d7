from __future__ import annotations

import pytest

from websocket_stack.spelling import hint, nearest

KNOWN = ["BookPickup", "Greeting"]


@pytest.mark.parametrize("name", ["BookPickpu", "bookpickup", "BookPickups"])
def test_a_slip_is_understood(name: str) -> None:
    assert nearest(name, KNOWN) == "BookPickup"
    assert hint(name, KNOWN) == "; is BookPickup meant?"


def test_something_else_is_no_slip() -> None:
    assert nearest("Weather", KNOWN) is None
    assert hint("Weather", KNOWN) == ""
    assert nearest("BookPickpu", KNOWN, 0.99) is None
