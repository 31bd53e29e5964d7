from __future__ import annotations

import pytest

from fulfillment.streaming.deadline import Deadline


@pytest.mark.parametrize(
    ("remaining", "cut_at", "settle_by"),
    [
        (None, 124.5, 124.9),
        (900, 124.5, 124.9),
        (10, 108.5, 108.9),
        (0.2, 100, 100),
    ],
)
def test_it_is_the_turns_own_or_the_lambdas(
    remaining: float | None, cut_at: float, settle_by: float
) -> None:
    assert Deadline.of_turn(100.0, 25, remaining) == Deadline(cut_at, settle_by)
