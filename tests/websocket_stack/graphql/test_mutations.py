"""How many mutations a reply takes, on a told clock: AppSync bills and throttles each one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fulfillment.errors import ChannelBusy
from fulfillment.settings import Settings
from fulfillment.streaming.delivery import Delivery
from fulfillment.streaming.pacing import Pace
from tests.deliveries import CONNECTION, deliver
from tests.fakes import FakeChannel, FakeClock
from websocket_stack.graphql.frame_format import ChatFraming

CHUNKS = [f"word{number} " for number in range(500)]
A_SECOND = 50
ENDS_AT = len(CHUNKS) / A_SECOND


def told(post_seconds: Any, outcomes: Any = ()) -> Any:
    """Return the frames of a reply whose mutations take so long, and when the last was sent."""
    clock = FakeClock()
    channel = FakeChannel(outcomes, clock=clock, seconds=post_seconds)
    delivery = Delivery(
        ChatFraming("chat", "message"),
        Pace(Settings().flush_interval_seconds),
        tail="frames",
        address=CONNECTION,
    )
    chunks = [(number / A_SECOND, chunk) for number, chunk in enumerate(CHUNKS)]
    deliver(delivery, chunks, ENDS_AT, channel, clock)
    return [json.loads(frame) for frame in channel.frames], clock.now


@pytest.mark.parametrize("post_seconds", [0.01, 0.03, 0.1, 0.25])
def test_500_chunks_at_50_a_second_take_at_most_55_mutations(post_seconds: float) -> None:
    """Where each chunk is sent by itself they take 500, one after the other."""
    frames, ended_at = told(post_seconds)
    assert len(frames) <= 55
    assert "".join(frame["data"] for frame in frames) == "".join(CHUNKS)
    assert frames[-1]["kind"] == "done"
    # The last text, and the end.
    assert ended_at <= ENDS_AT + 4 * post_seconds + Settings().flush_interval_seconds


def test_a_mutation_that_hangs_delays_what_follows_and_nothing_else() -> None:
    frames, ended_at = told(3.0)
    assert len(frames) <= ENDS_AT / 3 + 3
    assert "".join(frame["data"] for frame in frames) == "".join(CHUNKS)
    assert ended_at <= ENDS_AT + 3 * 3.0


def test_throttled_mutations_are_sent_again_and_less_often() -> None:
    frames, _ = told(0.03, [None, *[ChannelBusy("429")] * 3, None, ChannelBusy("429")])
    assert "".join(frame["data"] for frame in frames) == "".join(CHUNKS)
    assert frames[-1]["kind"] == "done"
    assert len(frames) <= 55
