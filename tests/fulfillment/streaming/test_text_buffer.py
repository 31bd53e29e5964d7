from __future__ import annotations

import pytest

from fulfillment.streaming.text_buffer import MAX_CHARACTERS, TextBuffer


def buffer_of(*chunks: str) -> TextBuffer:
    buffer = TextBuffer()
    for chunk in chunks:
        buffer.write(chunk, 0.0)
    return buffer


def test_chunks_joined_are_the_text() -> None:
    buffer = buffer_of("a", "", "bc")
    assert (buffer.text(), buffer.length) == ("abc", 3)
    assert buffer.write("d", 0.0) == "d"
    assert buffer.text() == "abcd"


def test_the_first_text_is_timed() -> None:
    buffer = TextBuffer()
    for moment, chunk in [(5.0, ""), (6.0, "a"), (7.0, "b")]:
        buffer.write(chunk, moment)
    assert buffer.first_chunk_at == 6.0


@pytest.mark.parametrize("error", [None, ValueError("x")])
def test_it_ends_once(error: ValueError | None) -> None:
    buffer = buffer_of("a")
    buffer.finish(1.0, error)
    buffer.finish(2.0, OSError())
    assert (buffer.finished, buffer.error) == (True, error)
    assert buffer.finished_well is (error is None)
    assert buffer.write("b", 3.0) == ""
    assert buffer.text() == "a"


@pytest.mark.parametrize("error", [None, ValueError("x")])
def test_what_comes_after_it_was_closed_is_dropped(error: ValueError | None) -> None:
    buffer = buffer_of("a")
    buffer.close()
    buffer.write("b", 1.0)
    buffer.finish(1.0, error)
    assert (buffer.text(), buffer.finished, buffer.error) == ("a", False, None)
    assert not buffer.takes_more


def test_it_is_cancelled_only_while_it_grows() -> None:
    growing, finished = buffer_of("a"), buffer_of("a")
    finished.finish(1.0)
    for buffer in (growing, finished):
        buffer.close(cancelled=True)
    assert (growing.cancelled, finished.cancelled) == (True, False)


def test_what_never_ends_is_not_taken_for_ever() -> None:
    buffer = TextBuffer()
    while buffer.takes_more:
        buffer.write("a" * 50_000, 0.0)
    assert buffer.length == MAX_CHARACTERS + 50_000


def test_halves_of_a_character_are_joined_over_two_chunks() -> None:
    buffer = buffer_of("smile \ud83d", "\ude00 end", "\ud83d\ude00")
    assert buffer.text() == "smile 😀 end😀"


@pytest.mark.parametrize("last", ["\ud83d", "\ud83d x", "\ude00"])
def test_a_half_that_stays_alone_is_replaced(last: str) -> None:
    buffer = buffer_of("a", last)
    buffer.finish(1.0)
    assert buffer.text() == "a" + last.replace("\ud83d", "\ufffd").replace("\ude00", "\ufffd")


def test_a_half_at_the_end_adds_to_the_text_when_it_ends() -> None:
    buffer = TextBuffer()
    assert buffer.write("a\ud83d", 0.0) == "a"
    assert buffer.finish(1.0) == "\ufffd"
