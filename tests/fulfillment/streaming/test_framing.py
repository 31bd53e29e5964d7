from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.streaming.framing import MAX_FRAME_BYTES, Ending, RawText
from tests.fulfillment.streaming.texts import FAMILY, TEXTS, ends_between_characters


@given(TEXTS)
def test_raw_text_is_one_frame_a_flush(text: str) -> None:
    frames = RawText().frames(text, 0)
    assert [frame.payload for frame in frames] == ([text] if text else [])
    assert sum(frame.characters for frame in frames) == len(text)


@given(st.integers(0, 20_000), st.sampled_from(["a", "é", "字", "😀", "e\u0301", FAMILY]))
def test_no_frame_is_larger_than_a_message_may_be(count: int, character: str) -> None:
    payloads = [frame.payload for frame in RawText().frames(character * count, 0)]
    assert all(len(payload.encode()) <= MAX_FRAME_BYTES for payload in payloads)
    assert "".join(payloads) == character * count
    assert ends_between_characters(payloads)


def test_raw_text_does_not_tell_the_end() -> None:
    assert RawText().end(Ending("completed")) == ()
