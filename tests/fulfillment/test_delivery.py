import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import FakeChannel, FakeClock, ScriptedText
from fulfillment.delivery import Deliverer, Status
from fulfillment.errors import ChannelBusy, ChannelError, FrameRejected, SessionTableError
from fulfillment.sessions import Session
from fulfillment.streaming import Pace

INTERVAL = 0.2
SESSION = Session("connection-1")


def deliver(chunks, ends_at, *, channel=None, clock=None, find=lambda: SESSION, paired=True):
    """Run a delivery of scripted chunks on a fake clock; return it and what was posted when."""
    clock = clock or FakeClock()
    posted_at = []
    channel = channel or FakeChannel(on_post=lambda: posted_at.append(round(clock.now, 3)))
    source = ScriptedText(clock, chunks, ends_at)
    deliverer = Deliverer(source, find, channel, Pace(INTERVAL), paired=paired, clock=clock)
    deliverer.run()
    return deliverer.delivery, channel.frames, posted_at


def steady(count, every=0.0125, start=1.0, chunk="word "):
    return [(start + index * every, chunk) for index in range(count)]


def test_the_first_chunk_leaves_at_once_as_a_pair():
    _, frames, posted_at = deliver([(1.0, "Hello")], ends_at=5.0)
    assert frames == ["Hell", "o"]
    assert posted_at == [1.0, 1.0]


def test_chunks_of_an_interval_leave_together():
    _, frames, posted_at = deliver(steady(40), ends_at=1.5)
    assert frames[:4] == ["word", " ", "word " * 15 + "word", " "]
    assert posted_at == [1.0, 1.0, 1.2, 1.2, 1.4, 1.4]


def test_in_a_pause_all_but_the_last_character_is_followed_by_a_frame():
    _, frames, posted_at = deliver([(1.0, "Looking"), (1.05, " it up…")], ends_at=9.0)
    assert frames == ["Lookin", "g", " it up", "…"]
    assert posted_at[-1] == 1.2


def test_a_lone_first_character_is_followed_as_soon_as_there_is_more():
    _, frames, posted_at = deliver([(1.0, "I"), (1.01, " am"), (1.02, " here")], ends_at=9.0)
    assert frames == ["I", " a", "m", " her", "e"]
    assert posted_at == [1.0, 1.01, 1.01, 1.21, 1.21]


def test_frames_that_other_clients_read_are_not_split():
    _, frames, _ = deliver([(1.0, "Hello"), (1.5, " there")], ends_at=9.0, paired=False)
    assert frames == ["Hello", " there"]


def test_nothing_is_posted_once_the_text_is_complete():
    delivery, frames, _ = deliver([(1.0, "Hello"), (1.1, " tail")], ends_at=1.15)
    assert frames == ["Hell", "o"]
    assert delivery.characters == 5


def test_the_second_of_a_pair_is_not_posted_when_the_text_completes_during_the_first():
    clock = FakeClock()
    channel = FakeChannel(clock=clock, seconds=0.1)
    _, frames, _ = deliver([(1.0, "Hello")], ends_at=1.05, channel=channel, clock=clock)
    assert frames == ["Hell"]


def test_slow_posts_do_not_hold_the_end_for_more_than_one_post():
    clock = FakeClock()
    channel = FakeChannel(clock=clock, seconds=0.5)
    deliver(steady(400), ends_at=6.0, channel=channel, clock=clock)
    assert clock.now <= 6.0 + 0.5


def test_frames_get_rarer_when_posts_are_slow():
    def posts(seconds):
        clock = FakeClock()
        channel = FakeChannel(clock=clock, seconds=seconds)
        return len(deliver(steady(400), ends_at=6.0, channel=channel, clock=clock)[1])

    assert posts(0.01) > posts(0.1) > posts(0.4)


def test_the_first_frame_is_timed():
    delivery, _, _ = deliver([(1.0, "Hello")], ends_at=5.0)
    assert delivery.first_frame_at == 1.0
    assert delivery.frames == 2


def raising(error):
    def find():
        raise error

    return find


@pytest.mark.parametrize(
    ("find", "status"),
    [
        (lambda: None, Status.NO_SESSION),
        (lambda: Session("c", contested=True), Status.CONTESTED),
        (raising(SessionTableError("down")), Status.TABLE_FAILED),
    ],
)
def test_without_a_connection_to_trust_nothing_is_posted(find, status):
    delivery, frames, _ = deliver(steady(10), ends_at=2.0, find=find)
    assert frames == []
    assert delivery.status == status


def test_a_gone_connection_is_posted_to_no_more():
    delivery, frames, _ = deliver(steady(100), ends_at=9.0, channel=FakeChannel(gone_after=3))
    assert len(frames) == 3
    assert delivery.status == Status.GONE


@pytest.mark.parametrize("error", [ChannelError("500"), FrameRejected("403")])
def test_a_frame_that_may_have_arrived_or_never_will_ends_the_posting(error):
    channel = FakeChannel([None, None, error])
    delivery, frames, _ = deliver(steady(100), ends_at=9.0, channel=channel)
    assert len(frames) == 2
    assert delivery.status == Status.FAILED
    assert delivery.error is error


def test_a_busy_channel_gets_the_text_later():
    channel = FakeChannel([None, ChannelBusy("429"), ChannelBusy("429")])
    delivery, frames, _ = deliver(steady(100), ends_at=9.0, channel=channel)
    assert "".join(frames) == "word " * 100
    assert delivery.status == Status.STREAMED


CHUNKS = st.lists(
    st.tuples(st.floats(0, 0.4), st.text(min_size=1, max_size=30)), min_size=1, max_size=40
)
OUTCOMES = st.lists(
    st.sampled_from([None, None, None, ChannelBusy("429"), ChannelError("500")]), max_size=60
)


@given(CHUNKS, OUTCOMES, st.floats(0, 0.5), st.floats(0, 2), st.booleans())
def test_what_was_posted_is_always_a_prefix_of_what_was_written(
    gaps, outcomes, post_seconds, tail_seconds, paired
):
    clock, at, chunks = FakeClock(), 0.0, []
    for gap, chunk in gaps:
        at += gap
        chunks.append((at, chunk))
    channel = FakeChannel(outcomes, clock=clock, seconds=post_seconds)
    delivery, frames, _ = deliver(
        chunks, at + tail_seconds, channel=channel, clock=clock, paired=paired
    )
    assert "".join(chunk for _, chunk in chunks).startswith("".join(frames))
    assert delivery.characters == len("".join(frames))
    assert clock.now <= at + tail_seconds + post_seconds
