import itertools
import threading

import pytest

from fakes import FakeClock
from fulfillment.streaming.text_buffer import MAX_CHARACTERS, Transcript, record


def recorded(answer):
    transcript = Transcript(FakeClock())
    record(answer, transcript)
    assert transcript.finished
    return transcript


def chunks_then(*steps):
    def answer():
        for step in steps:
            if isinstance(step, BaseException):
                raise step
            yield step

    return answer


@pytest.mark.parametrize("chunks", [(), ("",), ("a", "", "b")])
def test_what_is_yielded_is_written(chunks):
    transcript = recorded(chunks_then(*chunks))
    assert transcript.text() == "".join(chunks)
    assert transcript.error is None


@pytest.mark.parametrize("step", [ValueError("x"), SystemExit(1), KeyboardInterrupt()])
def test_whatever_is_raised_keeps_the_text_so_far(step):
    transcript = recorded(chunks_then("so far", step))
    assert transcript.text() == "so far"
    assert transcript.error is step


def test_what_is_raised_before_the_first_chunk_ends_it_too():
    def answer():
        raise ValueError("x")

    assert isinstance(recorded(answer).error, ValueError)


def test_what_goes_on_too_long_is_left():
    transcript = recorded(lambda: (character * 50_000 for character in itertools.cycle("ab")))
    assert transcript.error is None
    assert transcript.length == MAX_CHARACTERS + 50_000


def test_a_generator_is_closed_when_nobody_wants_more():
    let_go = threading.Event()

    def answer():
        try:
            yield "a"
            transcript.close()
            yield "b"
            yield "never asked for"
        finally:
            let_go.set()

    transcript = Transcript(FakeClock())
    record(answer, transcript)
    assert let_go.is_set()
    assert transcript.text() == "a"


def test_the_first_chunk_is_timed():
    clock = FakeClock(5.0)
    transcript = Transcript(clock)
    transcript.write("")
    assert transcript.first_chunk_at is None
    clock.advance(1)
    transcript.write("a")
    clock.advance(1)
    transcript.write("b")
    assert (transcript.first_chunk_at, transcript.length) == (6.0, 2)


def test_waiting_for_the_end_stops_at_its_time():
    transcript = Transcript(FakeClock(10.0))
    transcript.wait_for_end(until=9.0)
    assert transcript.is_growing


def test_waiting_for_text_ends_when_text_comes_from_another_thread():
    transcript = Transcript()
    writer = threading.Thread(target=transcript.write, args=("text",))
    writer.start()
    transcript.wait_for_text(beyond=0)
    assert transcript.text() == "text"
    writer.join()


@pytest.mark.parametrize("end", [Transcript.close, Transcript.finish])
def test_waiting_for_text_ends_when_no_more_will_come(end):
    transcript = Transcript()
    ender = threading.Thread(target=end, args=(transcript,))
    ender.start()
    transcript.wait_for_text(beyond=0)
    assert not transcript.is_growing
    ender.join()


def test_a_closed_transcript_takes_nothing_more():
    transcript = Transcript()
    assert transcript.write("a")
    transcript.close()
    assert not transcript.write("b")
    assert transcript.text() == "a"


@pytest.mark.parametrize("error", [None, ValueError("x")])
def test_how_it_ends_after_it_was_closed_is_not_asked(error):
    transcript = Transcript()
    transcript.close()
    transcript.finish(error)
    assert not transcript.finished
    assert transcript.error is None


def test_half_characters_are_joined_or_replaced():
    transcript = Transcript()
    transcript.write("\ud83d\ude00 and \ud83d")
    assert transcript.text() == "\U0001f600 and \ufffd"
