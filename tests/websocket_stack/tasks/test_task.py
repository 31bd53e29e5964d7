from __future__ import annotations

import pytest

from fulfillment.memory.base import Exchange
from websocket_stack.tasks.task import exchanges_of

U, A = "user", "assistant"


@pytest.mark.parametrize(
    ("history", "exchanges"),
    [
        ([], []),
        ([(U, "1"), (A, "2"), (U, "3"), (A, "4")], [Exchange("1", "2"), Exchange("3", "4")]),
        ([(U, "1"), (U, "2"), (A, "3"), (A, "4")], [Exchange("1\n\n2", "3\n\n4")]),
        ([(A, "1"), (U, "2")], [Exchange("", "1"), Exchange("2", "")]),
    ],
)
def test_a_history_is_turns(history: list[tuple[str, str]], exchanges: list[Exchange]) -> None:
    assert exchanges_of(history) == exchanges
