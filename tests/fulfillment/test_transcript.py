import threading

import pytest

from fakes import FakeClock
from fulfillment.errors import AnswerError
from fulfillment.transcript import Transcript, record


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


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (chunks_then("a", "", "b"), "ab"),
        (lambda: "all at once", "all at once"),
        (lambda: ["a", "b"], "ab"),
        (lambda: None, ""),
        (lambda: [], ""),
    ],
)
def test_what_a_function_yields_or_returns_is_written(answer, text):
    transcript = recorded(answer)
    assert transcript.text() == text
    assert transcript.error is None


@pytest.mark.parametrize("step", [ValueError("x"), SystemExit(1), KeyboardInterrupt()])
def test_whatever_is_raised_keeps_the_text_so_far(step):
    transcript = recorded(chunks_then("so far", step))
    assert transcript.text() == "so far"
    assert transcript.error is step


@pytest.mark.parametrize(
    "answer", [lambda: 5, lambda: {"text": "x"}, chunks_then("a", 5), chunks_then("a", b"bytes")]
)
def test_what_is_not_text_is_an_answer_error(answer):
    transcript = recorded(answer)
    assert isinstance(transcript.error, AnswerError)
    assert transcript.text() in ("", "a")


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
