"""A turn as Lex Web UI starts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def event(load_event: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """An event that wants frames, of a session that ``FakeAddresses`` knows."""
    return load_event("lex_web_ui_second_turn") | {"sessionId": "session-1"}
