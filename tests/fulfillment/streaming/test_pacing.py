import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from fulfillment.streaming.pacing import MAX_FRAME_BYTES, Deadline, Pace, frames_of

FAMILY = "👩‍👩‍👧‍👦"
# Pieces that stick together, so that careless cuts are likely.
PIECES = [
    "a",
    " ",
    "é",
    "e\u0301",
    FAMILY,
    "🇨🇭",
    "👍🏽",
    "한",
    "ᄒ",
    "ᅡ",
    "가",
    "क्ष",
    "ก็",
    "\r\n",
    "\u200d",
]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join))


def is_cut_between_characters(frames):
    text = "".join(frames)
    ends = {match.end() for match in regex.finditer(r"\X", text)}
    position = 0
    for frame in frames:
        position += len(frame)
        if position not in ends:
            return False
    return True


@given(TEXTS, st.booleans())
@example("/stop/", False)
@example("/stop/x", True)
@example("\u0301\u0301", True)
def test_frames_joined_are_the_text_and_no_character_is_cut(text, paired):
    frames = frames_of(text, paired=paired)
    assert "".join(frames) == text
    assert all(frames)
    assert "/stop/" not in frames
    assert is_cut_between_characters(frames)


@given(st.integers(0, 20_000), st.sampled_from(["a", "é", "字", "😀", "e\u0301", FAMILY]))
def test_no_frame_is_larger_than_a_message_may_be(count, character):
    frames = frames_of(character * count, paired=False)
    assert all(len(frame.encode()) <= MAX_FRAME_BYTES for frame in frames)
    assert "".join(frames) == character * count
    assert is_cut_between_characters(frames)


def test_a_run_of_joiners_longer_than_a_frame_is_cut_rather_than_kept():
    frames = frames_of("a" + "\u0301" * 20_000, paired=True)
    assert all(len(frame.encode()) <= MAX_FRAME_BYTES for frame in frames)


@pytest.mark.parametrize(
    ("text", "paired", "frames"),
    [
        ("", True, []),
        ("", False, []),
        ("a", True, ["a"]),
        ("Hello", True, ["Hell", "o"]),
        ("Hello", False, ["Hello"]),
        (f"Hi {FAMILY}", True, ["Hi ", FAMILY]),
        (FAMILY, True, [FAMILY]),
        ("ok 🇨🇭", True, ["ok ", "🇨🇭"]),
        ("/stop/", True, ["/stop", "/"]),
        ("/stop/", False, ["/stop", "/"]),
        ("/stop/!", True, ["/stop", "/", "!"]),
    ],
)
def test_a_flush_leaves_as(text, paired, frames):
    assert frames_of(text, paired=paired) == frames


def test_the_first_flush_may_leave_at_once():
    assert Pace(0.2).next_at == float("-inf")


def test_flushes_start_an_interval_apart():
    pace = Pace(0.2)
    pace.flushed(10.0, 10.02)
    assert pace.next_at == pytest.approx(10.2)


def test_slow_posts_stretch_the_interval():
    pace = Pace(0.2)
    pace.flushed(10.0, 10.3)
    assert pace.next_at == pytest.approx(10.8)


def test_a_flush_that_shows_nothing_does_not_delay_the_one_that_will():
    pace = Pace(0.2)
    pace.flushed(10.0, 10.02, shows=False)
    assert pace.next_at == pytest.approx(10.02)


@pytest.mark.parametrize(
    ("remaining", "cut_at", "settle_by"),
    [
        (None, 124.5, 124.9),
        (900, 124.5, 124.9),
        (10, 108.5, 108.9),
        (0.2, 100, 100),
    ],
)
def test_the_deadline_is_the_turns_own_or_the_lambdas_whichever_is_first(
    remaining, cut_at, settle_by
):
    assert Deadline.of_turn(100.0, 25, remaining) == Deadline(cut_at, settle_by)
