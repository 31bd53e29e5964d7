from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.errors import (
    AddressContested,
    AddressError,
    ChannelBusy,
    ChannelError,
    ConnectionGone,
    FrameRejected,
    SessionTableError,
)
from fulfillment.lex.web_ui_framing import PairedText
from fulfillment.streaming.delivery import Delivery, Done, Post, Status, Tail, Wait
from fulfillment.streaming.framing import Ending, RawText
from fulfillment.streaming.pacing import Pace
from tests.deliveries import COMPLETED, CONNECTION, deliver
from tests.fakes import FakeChannel, FakeClock
from tests.fulfillment.streaming.probe_door import JsonFrames
from tests.lex_web_ui import visible

INTERVAL = 0.2

END = {"type": "end", "outcome": "completed"}


def delivered(  # noqa: PLR0913
    chunks: Sequence[tuple[float, str]],
    ends_at: float,
    *,
    channel: Any = None,
    clock: FakeClock | None = None,
    find: Callable[..., Any] | Rows = lambda: CONNECTION,
    framing: PairedText | RawText | JsonFrames | None = None,
    tail: Tail = "reply",
    ending: Ending = COMPLETED,
    **options: Any,
) -> tuple[Delivery, Sequence[str], list[float]]:
    """Run a delivery of scripted chunks on a told clock; return it and what was posted when."""
    clock = clock or FakeClock()
    posted_at = []
    channel = channel or FakeChannel(on_post=lambda: posted_at.append(round(clock.now, 3)))
    delivery = Delivery(framing or PairedText(), Pace(INTERVAL), tail=tail, **options)
    deliver(delivery, chunks, ends_at, channel, clock, find=find, ending=ending)
    return delivery, channel.frames, posted_at


def steady(
    count: int, every: float = 0.0125, start: float = 1.0, chunk: str = "word "
) -> list[tuple[float, str]]:
    return [(start + index * every, chunk) for index in range(count)]


def test_the_first_chunk_leaves_at_once_as_a_pair() -> None:
    _, frames, posted_at = delivered([(1.0, "Hello")], ends_at=5.0)
    assert frames == ["Hell", "o"]
    assert posted_at == [1.0, 1.0]


def test_chunks_of_an_interval_leave_together() -> None:
    _, frames, posted_at = delivered(steady(40), ends_at=1.5)
    assert frames[:4] == ["word", " ", "word " * 15 + "word", " "]
    assert posted_at == [1.0, 1.0, 1.2, 1.2, 1.4, 1.4]


def test_in_a_pause_all_but_the_last_character_is_followed_by_a_frame() -> None:
    _, frames, posted_at = delivered([(1.0, "Looking"), (1.05, " it up…")], ends_at=9.0)
    assert frames == ["Lookin", "g", " it up", "…"]
    assert posted_at[-1] == 1.2


def test_a_lone_first_character_is_followed_as_soon_as_there_is_more() -> None:
    _, frames, posted_at = delivered([(1.0, "I"), (1.01, " am"), (1.02, " here")], ends_at=9.0)
    assert frames == ["I", " a", "m", " her", "e"]
    assert posted_at == [1.0, 1.01, 1.01, 1.21, 1.21]


def test_frames_that_other_clients_read_are_not_split() -> None:
    _, frames, _ = delivered([(1.0, "Hello"), (1.5, " there")], ends_at=9.0, framing=RawText())
    assert frames == ["Hello", " there"]


def test_nothing_is_posted_once_the_text_is_complete() -> None:
    delivery, frames, _ = delivered([(1.0, "Hello"), (1.1, " tail")], ends_at=1.15)
    assert frames == ["Hell", "o"]
    assert delivery.characters == 5


def test_a_complete_text_needs_no_second_of_a_pair() -> None:
    """It is not posted when the text completes during the first."""
    clock = FakeClock()
    channel = FakeChannel(clock=clock, seconds=0.1)
    _, frames, _ = delivered([(1.0, "Hello")], ends_at=1.05, channel=channel, clock=clock)
    assert frames == ["Hell"]


def test_slow_posts_do_not_hold_the_end_for_more_than_one_post() -> None:
    clock = FakeClock()
    channel = FakeChannel(clock=clock, seconds=0.5)
    delivered(steady(400), ends_at=6.0, channel=channel, clock=clock)
    assert clock.now <= 6.0 + 0.5


def test_frames_get_rarer_when_posts_are_slow() -> None:
    def posts(seconds: float) -> int:
        clock = FakeClock()
        channel = FakeChannel(clock=clock, seconds=seconds)
        return len(delivered(steady(400), ends_at=6.0, channel=channel, clock=clock)[1])

    assert posts(0.01) > posts(0.1) > posts(0.4)


def test_the_first_frame_is_timed() -> None:
    delivery, _, _ = delivered([(1.0, "Hello")], ends_at=5.0)
    assert delivery.first_frame_at == 1.0
    assert delivery.frames == 2


class Rows:
    """A session table whose row changes with time: (seconds, row or error), in order."""

    def __init__(self, clock: FakeClock, *rows: tuple[float, str | AddressError | None]) -> None:
        self._clock = clock
        self._rows = rows
        self.looks: list[Any] = []

    def __call__(self) -> str | None:
        self.looks.append(round(self._clock.now, 3))
        row = None
        for since, value in self._rows:
            if since <= self._clock.now:
                row = value
        if isinstance(row, Exception):
            raise row
        return row


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (None, Status.NO_CONNECTION),
        (AddressContested("two"), Status.CONTESTED),
        (SessionTableError("down"), Status.LOOKUP_FAILED),
    ],
)
def test_without_a_connection_to_trust_nothing_is_posted(
    row: AddressError | None, status: Status
) -> None:
    clock = FakeClock()
    delivery, frames, _ = delivered(steady(10), 20.0, clock=clock, find=Rows(clock, (0, row)))
    assert frames == []
    assert delivery.status == status


@pytest.mark.parametrize("before", [None, SessionTableError("down")])
def test_a_row_that_appears_late_is_found_and_caught_up_with(
    before: SessionTableError | None,
) -> None:
    clock = FakeClock()
    rows = Rows(clock, (0, before), (1.2, CONNECTION))
    delivery, frames, posted_at = delivered(steady(40, start=0.1), 9.0, clock=clock, find=rows)
    assert rows.looks == [0.0, 0.3, 0.8, 1.5]
    assert frames == ["word " * 39 + "word", " "]
    assert posted_at[0] == 1.5
    assert (delivery.status, delivery.error) == (Status.STREAMED, None)


def test_looking_for_a_row_ends_with_the_text() -> None:
    clock = FakeClock()
    rows = Rows(clock, (0, None))
    delivered([(0.1, "Hello")], 0.5, clock=clock, find=rows)
    assert rows.looks == [0.0, 0.3]


def test_a_client_that_connects_again_gets_what_it_has_not_seen() -> None:
    clock = FakeClock()
    rows = Rows(clock, (0, CONNECTION), (1.6, "connection-2"))
    channel = FakeChannel(clock=clock)
    channel.close_at("connection-1", 1.5)
    delivery, frames, _ = delivered(steady(100), 9.0, channel=channel, clock=clock, find=rows)
    assert "".join(frames) == "word " * 100
    assert {address for address, _ in channel.posts} == {"connection-1", "connection-2"}
    assert (delivery.status, delivery.gone) == (Status.STREAMED, 1)


def test_a_pair_goes_on_at_the_next_connection() -> None:
    """A connection lost between the frames of a pair is continued behind the first."""
    clock = FakeClock()
    rows = Rows(clock, (0, CONNECTION), (0.1, "connection-2"))
    channel = FakeChannel([None, ConnectionGone("410")], clock=clock)
    _, frames, _ = delivered([(0.0, "Hello")], 9.0, channel=channel, clock=clock, find=rows)
    assert channel.posts == [("connection-1", "Hell"), ("connection-2", "o")]


def test_a_connection_that_is_still_opening_gets_a_second_chance() -> None:
    channel = FakeChannel([ConnectionGone("410")])
    delivery, frames, _ = delivered([(0.0, "Hello")], 9.0, channel=channel)
    assert frames == ["Hell", "o"]
    assert delivery.status == Status.STREAMED


def test_a_gone_connection_is_posted_to_no_more() -> None:
    clock = FakeClock()
    rows = Rows(clock, (0, CONNECTION))
    channel = FakeChannel(gone_after=3)
    delivery, frames, _ = delivered(steady(100), 30.0, channel=channel, clock=clock, find=rows)
    assert len(frames) == 3
    assert (delivery.status, delivery.gone) == (Status.GONE, 1)
    assert len(rows.looks) == 7


def test_a_session_that_becomes_contested_is_not_streamed_on() -> None:
    clock = FakeClock()
    rows = Rows(clock, (0, CONNECTION), (0.1, AddressContested("two")))
    channel = FakeChannel(gone_after=1)
    delivery, frames, _ = delivered(steady(100), 9.0, channel=channel, clock=clock, find=rows)
    assert len(frames) == 1
    assert delivery.status == Status.CONTESTED


@pytest.mark.parametrize("error", [ChannelError("500"), FrameRejected("403")])
def test_a_frame_that_may_have_arrived_or_never_will_ends_the_posting(error: ChannelError) -> None:
    channel = FakeChannel([None, None, error])
    delivery, frames, _ = delivered(steady(100), ends_at=9.0, channel=channel)
    assert len(frames) == 2
    assert delivery.status == Status.FAILED
    assert delivery.error is error


def test_a_busy_channel_gets_the_text_later() -> None:
    channel = FakeChannel([None, ChannelBusy("429"), ChannelBusy("429")])
    delivery, frames, _ = delivered(steady(100), ends_at=9.0, channel=channel)
    assert "".join(frames) == "word " * 100
    assert delivery.status == Status.STREAMED


def test_a_channel_that_is_always_busy_is_asked_ever_more_rarely() -> None:
    clock = FakeClock()
    asked = []

    class Busy:
        frames = ()

        def post(self, address: str, frame: str) -> None:
            asked.append(round(clock.now, 1))
            raise ChannelBusy("429")

    delivery, _, _ = delivered([(0.0, "Hello")], 8.0, channel=Busy(), clock=clock)
    assert asked == [0.0, 0.2, 0.6, 1.4, 3.0, 5.0, 7.0]
    assert delivery.busy == len(asked)


def test_a_waiting_text_is_posted_at_once_and_stays_in_front() -> None:
    clock = FakeClock()
    delivery, frames, posted_at = delivered(
        [(2.0, "Hello")], 9.0, clock=clock, waiting_text="Thinking…"
    )
    assert frames == ["Thinking…", " ", "Hell", "o"]
    assert posted_at == [0.0, 0.0, 2.0, 2.0]
    assert delivery.characters == 5


def test_a_waiting_text_that_comes_too_late_is_left_out() -> None:
    _, frames, _ = delivered([(0.0, "Hello")], 9.0, waiting_text="Thinking…")
    assert frames == ["Hell", "o"]


def test_a_waiting_text_is_posted_to_its_end() -> None:
    """What a busy channel left of it is posted before the text."""
    channel = FakeChannel([None, ChannelBusy("429")])
    delivery, frames, _ = delivered([(2.0, "Hello")], 9.0, channel=channel, waiting_text="Wait")
    assert "".join(frames) == "Wait Hello"
    assert delivery.characters == 5


def test_a_waiting_text_is_not_posted_twice() -> None:
    channel = FakeChannel([None, ConnectionGone("410")])
    clock = FakeClock()
    rows = Rows(clock, (0, CONNECTION), (0.1, "connection-2"))
    _, frames, _ = delivered(
        [(3.0, "Hi!")], 9.0, channel=channel, clock=clock, find=rows, waiting_text="Wait"
    )
    assert "".join(frames).count("Wait") == 1


GAPS = st.lists(
    st.tuples(st.floats(0, 0.3), st.text("abc def", min_size=2, max_size=9)),
    min_size=1,
    max_size=20,
)


@given(GAPS, st.floats(0, 0.04))
def test_lex_web_ui_keeps_up_in_a_pause(gaps: list[tuple[float, str]], post_seconds: float) -> None:
    """It shows all but the last character within 800 ms."""
    clock, at, chunks = FakeClock(), 0.0, []
    for gap, chunk in gaps:
        at += gap
        chunks.append((at, chunk))
    arrivals = []
    channel = FakeChannel(
        clock=clock,
        seconds=post_seconds,
        on_post=lambda: arrivals.append((clock.now, channel.frames[-1])),
    )
    delivered(chunks, at + 5.0, channel=channel, clock=clock)
    written = "".join(chunk for _, chunk in chunks)
    assert visible(arrivals, at + 0.8) == written[:-1]


@given(GAPS)
def test_lex_web_ui_trails_the_model_by_an_interval_and_600_ms_at_most(
    gaps: list[tuple[float, str]],
) -> None:
    clock, at, chunks = FakeClock(), 0.0, []
    for gap, chunk in gaps:
        at += gap
        chunks.append((at, chunk))
    arrivals = []
    channel = FakeChannel(
        clock=clock,
        seconds=0.02,
        on_post=lambda: arrivals.append((clock.now, channel.frames[-1])),
    )
    delivered(chunks, at + 5.0, channel=channel, clock=clock)
    for moment, _ in chunks:
        written = "".join(chunk for since, chunk in chunks if since <= moment)
        assert visible(arrivals, moment + INTERVAL + 0.6).startswith(written[:-1])


CHUNKS = st.lists(
    st.tuples(st.floats(0, 0.4), st.text(min_size=1, max_size=30)), min_size=1, max_size=40
)
OUTCOMES = st.lists(
    st.sampled_from([None] * 6 + [ChannelBusy("429"), ConnectionGone("410"), ChannelError("500")]),
    max_size=60,
)


FRAMINGS = st.sampled_from([RawText(), PairedText()])


@given(CHUNKS, OUTCOMES, st.floats(0, 0.5), st.floats(0, 2), FRAMINGS)
def test_what_was_posted_is_always_a_prefix_of_what_was_written(
    gaps: list[tuple[float, str]],
    outcomes: list[ChannelError | None],
    post_seconds: float,
    tail_seconds: float,
    framing: PairedText | RawText,
) -> None:
    clock, at, chunks = FakeClock(), 0.0, []
    for gap, chunk in gaps:
        at += gap
        chunks.append((at, chunk))
    channel = FakeChannel(outcomes, clock=clock, seconds=post_seconds)
    # A client that connects again whenever its connection is gone.
    connections = iter(range(1_000_000))
    delivery, frames, _ = delivered(
        chunks,
        at + tail_seconds,
        channel=channel,
        clock=clock,
        framing=framing,
        find=lambda: f"connection-{next(connections)}",
    )
    assert "".join(chunk for _, chunk in chunks).startswith("".join(frames))
    assert delivery.characters == len("".join(frames))
    assert clock.now <= at + tail_seconds + post_seconds


# --- what follows the text in frames


def told(
    chunks: Sequence[tuple[float, str]], ends_at: float, **how: Any
) -> tuple[Delivery, str, list[dict[str, Any]], list[float]]:
    """Deliver as JSON; return the delivery, the text, the ends, and when frames came."""
    delivery, frames, posted_at = delivered(
        chunks, ends_at, framing=JsonFrames(), tail="frames", **how
    )
    messages = [json.loads(frame) for frame in frames]
    text = "".join(message["text"] for message in messages if message["type"] == "delta")
    ends = [message for message in messages if message["type"] == "end"]
    assert messages[len(messages) - len(ends) :] == ends
    return delivery, text, ends, posted_at


def test_the_tail_and_the_end_leave_in_one_flush() -> None:
    delivery, text, ends, posted_at = told([(1.0, "Hello"), (1.1, " tail")], ends_at=1.15)
    assert text == "Hello tail"
    assert ends == [{"type": "end", "outcome": "completed", "whole": True}]
    assert posted_at == [1.0, 1.15, 1.15]
    assert (delivery.characters, delivery.frames) == (10, 3)


def test_without_text_there_is_an_end_all_the_same() -> None:
    assert told([], ends_at=1.0)[1:] == ("", [{**END, "whole": True}], [1.0])


@pytest.mark.parametrize("busy_at", [0, 1, 2])
def test_a_busy_channel_gets_tail_and_end_later(busy_at: int) -> None:
    outcomes = [None] * busy_at + [ChannelBusy("429")]
    _, text, ends, _ = told(
        [(1.0, "Hello"), (1.1, " tail")], ends_at=1.15, channel=FakeChannel(outcomes)
    )
    assert (text, ends) == ("Hello tail", [{**END, "whole": True}])


def test_the_end_waits_for_a_back_off_and_not_for_the_interval() -> None:
    clock = FakeClock()
    posted_at = []
    channel = FakeChannel(
        [None, None, ChannelBusy("429")], on_post=lambda: posted_at.append(round(clock.now, 3))
    )
    told([(1.0, "a"), (1.2, "b"), (1.4, "c")], ends_at=1.45, channel=channel, clock=clock)
    assert posted_at == [1.0, 1.23, 1.63, 1.63]


@pytest.mark.parametrize("gone_at", [0, 1, 2])
def test_a_client_that_comes_back_gets_tail_and_end(gone_at: int) -> None:
    clock = FakeClock()
    rows = Rows(clock, (0, CONNECTION), (2.0, "connection-2"))
    channel = FakeChannel([None] * gone_at + [ConnectionGone("410")], clock=clock)
    _, text, ends, _ = told(
        [(1.0, "Hello"), (1.1, " tail")], ends_at=1.15, channel=channel, clock=clock, find=rows
    )
    assert (text, ends) == ("Hello tail", [{**END, "whole": True}])


@pytest.mark.parametrize("error", [ChannelError("500"), FrameRejected("403"), ZeroDivisionError()])
def test_after_a_doubtful_post_only_the_end_is_told(error: Exception) -> None:
    channel = FakeChannel([None, error])
    delivery, text, ends, _ = told(steady(40), ends_at=9.0, channel=channel)
    assert (text, ends) == ("word ", [{**END, "whole": False}])
    assert (delivery.status, delivery.error) == (Status.FAILED, error)


def test_an_end_that_may_have_arrived_is_not_told_again() -> None:
    channel = FakeChannel([None, ChannelError("500")])
    delivery, text, ends, _ = told([(1.0, "Hello")], ends_at=9.0, channel=channel)
    assert (text, ends, delivery.status) == ("Hello", [], Status.FAILED)


def in_flight() -> Delivery:
    """Return a delivery whose first frame is in flight."""
    delivery = Delivery(JsonFrames(), Pace(INTERVAL), tail="frames", address=CONNECTION)
    delivery.write("Hello")
    assert isinstance(delivery.next(1.0), Post)
    return delivery


def test_what_is_cancelled_is_dropped_and_the_end_told() -> None:
    delivery = in_flight()
    delivery.write(" there")
    delivery.cancel()
    delivery.write(" and more")
    delivery.finish(Ending("cancelled"))
    delivery.posted(1.1)
    end = delivery.next(1.1)
    assert isinstance(end, Post) and json.loads(end.payload)["outcome"] == "cancelled"
    delivery.posted(1.2)
    assert isinstance(delivery.next(1.2), Done)
    assert delivery.characters == len("Hello")


@pytest.mark.parametrize("tail", ["", " there"])
def test_a_cancel_that_meets_the_end_changes_nothing(tail: str) -> None:
    delivery = in_flight()
    delivery.posted(1.1)
    delivery.write(tail)
    delivery.finish(COMPLETED)
    assert isinstance(delivery.next(1.2), Post)
    delivery.cancel()
    assert not delivery.finish(Ending("cancelled"))
    delivery.posted(1.3)
    while isinstance(action := delivery.next(1.3), Post):
        assert json.loads(action.payload)["outcome"] == "completed"
        delivery.posted(1.3)
    assert delivery.frames == (3 if tail else 2)


@pytest.mark.parametrize("error", [None, ChannelBusy("429"), ConnectionGone("410")])
def test_an_abandoned_delivery_posts_nothing_more(error: ChannelError | None) -> None:
    delivery = in_flight()
    delivery.abandon()
    if error:
        delivery.failed(error, 1.1)
    else:
        delivery.posted(1.1)
    assert not delivery.is_posting
    assert not delivery.write("more") and not delivery.finish(COMPLETED)
    assert isinstance(delivery.next(9.0), Done)


def test_a_waiting_text_is_dropped_when_the_end_comes_first() -> None:
    _, text, ends, _ = told([], 0.0, waiting_text="Thinking…")
    assert (text, ends) == ("", [{**END, "whole": True}])


def test_the_writer_wakes_only_what_waits_for_text() -> None:
    delivery = Delivery(JsonFrames(), Pace(INTERVAL), tail="frames", address=CONNECTION)
    assert not delivery.write("before it is asked for")
    assert isinstance(delivery.next(1.0), Post)
    assert not delivery.write("while a post is in flight")
    delivery.posted(1.01)
    assert delivery.next(1.1) == Wait(1.2)
    assert not delivery.write("while it is paced")
    assert isinstance(delivery.next(1.2), Post)
    delivery.posted(1.21)
    assert delivery.next(1.3) == Wait(None)
    assert delivery.write("what it waits for")


# --- near the end of a turn that a reply follows


def test_no_post_begins_that_the_reply_would_overtake() -> None:
    clock = FakeClock()
    started = []
    channel = FakeChannel(clock=clock, seconds=1.2, on_post=lambda: started.append(clock.now - 1.2))
    delivered(steady(400, start=0.0), 6.0, channel=channel, clock=clock, settle_by=5.0)
    assert started and all(moment + 1.2 <= 5.0 for moment in started)


@given(CHUNKS, OUTCOMES, st.floats(0, 0.5))
def test_all_of_the_text_arrives_once_unless_a_post_is_in_doubt(
    gaps: list[tuple[float, str]], outcomes: list[ChannelError | None], post_seconds: float
) -> None:
    clock, at, chunks = FakeClock(), 0.0, []
    for gap, chunk in gaps:
        at += gap
        chunks.append((at, chunk))
    channel = FakeChannel(outcomes, clock=clock, seconds=post_seconds)
    connections = iter(range(1_000_000))
    delivery, text, ends, _ = told(
        chunks,
        at,
        channel=channel,
        clock=clock,
        find=lambda: f"connection-{next(connections)}",
    )
    written = "".join(chunk for _, chunk in chunks)
    assert written.startswith(text) and len(ends) <= 1
    if delivery.status == Status.STREAMED:
        assert text == written
        assert ends == [{**END, "whole": True}]
    if ends:
        assert ends[0]["whole"] is (text == written and delivery.status == Status.STREAMED)
