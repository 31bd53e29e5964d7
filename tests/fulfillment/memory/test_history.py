from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.memory import Exchange
from fulfillment.memory.history import BYTES_PER_TOKEN, trim

# 40 tokens each.
EXCHANGES = [Exchange(f"Q{number}" + "?" * 58, "a" * 60) for number in range(5)]


@pytest.mark.parametrize(
    ("turns", "tokens", "kept"),
    [
        (10, 1_000, 5),
        (5, 200, 5),
        (2, 1_000, 2),
        (10, 199, 4),
        (10, 119, 2),
        # The last is kept, whatever its size.
        (10, 39, 1),
        (1, 0, 1),
    ],
)
def test_the_latest_are_kept_in_order(turns: int, tokens: int, kept: int) -> None:
    assert trim(EXCHANGES, turns=turns, tokens=tokens) == EXCHANGES[5 - kept :]


def test_of_none_none_are_kept() -> None:
    assert trim([], turns=3, tokens=3) == []


def test_a_long_turn_ends_what_is_kept() -> None:
    long = Exchange("Q", "a" * 900)
    assert trim([EXCHANGES[0], long, EXCHANGES[1]], turns=9, tokens=200) == [EXCHANGES[1]]


@pytest.mark.parametrize(("text", "tokens"), [("lamp" * 90, 120), ("灯" * 90, 90)])
def test_tokens_are_counted_by_bytes(text: str, tokens: int) -> None:
    last = Exchange("", "")
    assert len(trim([Exchange(text, ""), last], turns=2, tokens=tokens)) == 2
    assert len(trim([Exchange(text, ""), last], turns=2, tokens=tokens - 1)) == 1


@given(
    st.lists(st.builds(Exchange, st.text(max_size=40), st.text(max_size=80), st.booleans())),
    st.integers(1, 12),
    st.integers(0, 200),
)
def test_what_is_kept_is_a_short_end(exchanges: list[Exchange], turns: int, tokens: int) -> None:
    kept = trim(exchanges, turns=turns, tokens=tokens)
    assert kept == exchanges[len(exchanges) - len(kept) :]
    assert len(kept) <= turns
    assert bool(kept) == bool(exchanges)
    size = sum(len((each.utterance + each.reply).encode()) // BYTES_PER_TOKEN for each in kept)
    assert len(kept) == 1 or size <= tokens
    # Once trimmed, it stays.
    assert trim(kept, turns=turns, tokens=tokens) == kept
