from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import pytest

from fulfillment.streaming.deadline import Deadline
from fulfillment.streaming.delivery import Delivery, Tail
from fulfillment.streaming.framing import Ending, RawText
from fulfillment.streaming.pacing import Pace
from fulfillment.streaming.text_buffer import MAX_CHARACTERS, TextBuffer
from fulfillment.streaming.threads import ThreadStream, run, start
from tests.fakes import FakeChannel, FakeClock

SOON = 0.01


def written(handler: Callable[..., Any]) -> TextBuffer:
    stream = ThreadStream()
    stream.write(handler)
    return stream.text


def chunks_then(*steps: str | BaseException) -> Callable[[], Generator[str, None, None]]:
    def handler() -> Generator[str, None, None]:
        for step in steps:
            if isinstance(step, BaseException):
                raise step
            yield step

    return handler


@pytest.mark.parametrize("chunks", [(), ("",), ("a", "", "b")])
def test_what_is_yielded_is_written(chunks: tuple[str, ...]) -> None:
    text = written(chunks_then(*chunks))
    assert text.text() == "".join(chunks)
    assert text.finished_well


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1), KeyboardInterrupt()])
def test_whatever_is_raised_keeps_the_text_so_far(error: BaseException) -> None:
    text = written(chunks_then("so far", error))
    assert (text.text(), text.finished, text.error) == ("so far", True, error)


def test_what_is_raised_before_the_first_chunk_ends_it_too() -> None:
    def handler() -> None:
        raise ValueError("x")

    assert isinstance(written(handler).error, ValueError)


def test_what_never_ends_is_left() -> None:
    text = written(lambda: (letter * 50_000 for letter in itertools.cycle("ab")))
    assert text.finished_well
    assert text.length == MAX_CHARACTERS + 50_000


def test_a_generator_is_closed_when_no_more_is_wanted() -> None:
    stream, closed = ThreadStream(), threading.Event()

    def handler() -> Generator[str, None, None]:
        try:
            yield "a"
            stream.wait(until=0.0)
            yield "b"
            yield "never asked for"
        finally:
            closed.set()

    stream.write(handler)
    assert closed.is_set()
    assert stream.text.text() == "a"


def test_waiting_ends_at_its_time() -> None:
    stream = ThreadStream(FakeClock(10.0))
    stream.wait(until=9.0)
    assert not stream.text.is_growing
    assert not stream.text.finished


@pytest.mark.parametrize(
    "ends", [lambda stream: stream.write(chunks_then("a")), ThreadStream.cancel]
)
def test_waiting_ends_with_the_text(ends: Callable[..., Any]) -> None:
    stream = ThreadStream()
    other = threading.Thread(target=ends, args=(stream,))
    other.start()
    stream.wait(until=time.monotonic() + 60)
    other.join(10)
    assert not stream.text.is_growing


def delivery_of(tail: Tail = "frames") -> Delivery:
    return Delivery(RawText(), Pace(0.0), tail=tail, address="connection-1")


def run_turn(
    handler: Callable[[], Generator[str, None, None]],
    channel: FakeChannel,
    *,
    tail: Tail = "frames",
    cut_after: float = 60.0,
    settle_after: float = 60.0,
    stop: Callable[..., Any] | None = None,
) -> TextBuffer:
    stream = ThreadStream()
    now = time.monotonic()
    return run(
        stream,
        handler,
        Deadline(now + cut_after, now + cut_after + settle_after),
        lambda text: Ending("completed" if text.finished else "cut"),
        delivery=delivery_of(tail),
        channel=channel,
        stop=stop or (lambda: None),
    )


def test_a_turn_is_written_and_posted() -> None:
    channel = FakeChannel()
    text = run_turn(chunks_then("Hello ", "there"), channel)
    assert text.text() == "".join(channel.frames) == "Hello there"


def test_what_has_not_ended_at_the_deadline_is_stopped() -> None:
    stopped = threading.Event()

    def handler() -> Generator[str, None, None]:
        yield "a"
        stopped.wait(60)
        yield "too late"

    channel = FakeChannel()
    text = run_turn(handler, channel, cut_after=SOON, stop=stopped.set)
    assert stopped.is_set()
    assert not text.finished
    assert "too late" not in channel.frames


def test_a_post_that_hangs_holds_a_turn_no_longer_than_it_may() -> None:
    released = threading.Event()
    channel = FakeChannel(on_post=lambda: released.wait(60))
    run_turn(chunks_then("a"), channel, settle_after=SOON, cut_after=SOON)
    released.set()


def test_nothing_is_posted_once_a_turn_has_settled() -> None:
    posting, released = threading.Event(), threading.Event()

    def hang() -> None:
        posting.set()
        released.wait(60)

    channel = FakeChannel(on_post=hang)
    stream, delivery = ThreadStream(), delivery_of()
    poster = threading.Thread(target=stream.deliver, args=(delivery, channel))
    poster.start()
    stream.write(chunks_then("a"))
    assert posting.wait(60)
    stream.write(chunks_then("b"))
    stream.settle(until=0.0)
    released.set()
    poster.join(60)
    assert channel.frames == ["a"]


def test_a_look_that_hangs_does_not_hold_a_reply() -> None:
    released = threading.Event()
    stream = ThreadStream()
    delivery = Delivery(RawText(), Pace(0.0), tail="reply")
    poster = threading.Thread(
        target=stream.deliver, args=(delivery, FakeChannel(), lambda: released.wait(60) and None)
    )
    poster.start()
    stream.write(chunks_then("a"))
    stream.wait(until=time.monotonic() + 60)
    stream.settle(until=time.monotonic() + 60)
    released.set()
    poster.join(60)
    assert not poster.is_alive()


def test_a_client_may_come_back_with_another_delivery() -> None:
    shown, came_back = threading.Event(), threading.Event()
    first, second = FakeChannel(on_post=shown.set), FakeChannel(on_post=came_back.set)
    stream, now = ThreadStream(), time.monotonic()

    def handler() -> Generator[str, None, None]:
        yield "One, "
        came_back.wait(60)
        yield "two"

    def come_back() -> None:
        shown.wait(60)
        stream.deliver(delivery_of(), second)

    start("client", come_back)
    run(
        stream,
        handler,
        Deadline(now + 60, now + 120),
        lambda text: Ending("completed"),
        delivery=delivery_of(),
        channel=first,
    )
    assert first.frames == ["One, "]
    assert "".join(second.frames) == "One, two"


def test_a_model_is_stopped_when_its_reader_has_left() -> None:
    def handler() -> Generator[str, None, None]:
        yield "a"
        yield from iter(lambda: "b", None)

    channel = FakeChannel(gone_after=0)
    delivery = Delivery(
        RawText(), Pace(0.0), tail="frames", address="connection-1", look_again_seconds=[SOON]
    )
    stream, now = ThreadStream(), time.monotonic()
    text = run(
        stream,
        handler,
        Deadline(now + 60, now + 120),
        lambda text: Ending("cancelled"),
        delivery=delivery,
        channel=channel,
    )
    assert text.cancelled
