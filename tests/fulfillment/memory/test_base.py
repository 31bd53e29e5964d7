import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.memory.base import BYTES_PER_TOKEN, Exchange, messages_of, trimmed
from fulfillment.models.base import Message

# 40 tokens each.
EXCHANGES = [Exchange(f"Q{number}" + "?" * 58, "a" * 60) for number in range(5)]


def test_earlier_turns_are_told_as_they_were_said():
    assert messages_of([Exchange("Hi", "Hello."), Exchange("More", "So", cut=True)]) == (
        Message("user", "Hi"),
        Message("assistant", "Hello."),
        Message("user", "More"),
        Message("assistant", "So"),
    )
    assert messages_of([]) == ()


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
def test_the_latest_are_kept_in_their_order(turns, tokens, kept):
    assert trimmed(EXCHANGES, turns=turns, tokens=tokens) == EXCHANGES[5 - kept :]


def test_of_none_none_are_kept():
    assert trimmed([], turns=3, tokens=3) == []


def test_a_long_turn_ends_what_is_kept():
    long = Exchange("Q", "a" * 900)
    assert trimmed([EXCHANGES[0], long, EXCHANGES[1]], turns=9, tokens=200) == [EXCHANGES[1]]


@pytest.mark.parametrize(("text", "tokens"), [("lamp" * 90, 120), ("灯" * 90, 90)])
def test_a_token_has_few_letters_and_hardly_more_than_one_chinese_character(text, tokens):
    last = Exchange("", "")
    assert len(trimmed([Exchange(text, ""), last], turns=2, tokens=tokens)) == 2
    assert len(trimmed([Exchange(text, ""), last], turns=2, tokens=tokens - 1)) == 1


@given(
    st.lists(st.builds(Exchange, st.text(max_size=40), st.text(max_size=80), st.booleans())),
    st.integers(1, 12),
    st.integers(0, 200),
)
def test_what_is_kept_is_the_end_of_it_and_no_larger_than_it_may_be(exchanges, turns, tokens):
    kept = trimmed(exchanges, turns=turns, tokens=tokens)
    assert kept == exchanges[len(exchanges) - len(kept) :]
    assert len(kept) <= turns
    assert bool(kept) == bool(exchanges)
    size = sum(len((each.utterance + each.reply).encode()) // BYTES_PER_TOKEN for each in kept)
    assert len(kept) == 1 or size <= tokens
    # Once trimmed, it stays.
    assert trimmed(kept, turns=turns, tokens=tokens) == kept
