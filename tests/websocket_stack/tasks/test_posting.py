from __future__ import annotations

from typing import Any

import pytest

from fulfillment.errors import ChannelBusy, ChannelError, ConnectionGone
from tests.fakes import FakeChannel
from websocket_stack.tasks.posting import PAUSES_SECONDS, post_all


def test_frames_are_posted_in_order() -> None:
    channel = FakeChannel()
    assert post_all(channel, "c1", ["a", "b"])
    assert channel.posts == [("c1", "a"), ("c1", "b")]


def test_a_busy_channel_is_tried_again() -> None:
    pauses: list[Any] = []
    channel = FakeChannel([ChannelBusy("429"), ChannelBusy("429")])
    assert post_all(channel, "c1", ["a"], pauses.append)
    assert (channel.frames, pauses) == (["a"], list(PAUSES_SECONDS[:2]))


@pytest.mark.parametrize(
    "outcomes", [[ConnectionGone("410")], [ChannelError("?")], [ChannelBusy("429")] * 9]
)
def test_what_does_not_arrive_ends_it(outcomes: list[ChannelError]) -> None:
    channel = FakeChannel(outcomes)
    assert not post_all(channel, "c1", ["a", "b"], lambda seconds: None)
    assert channel.frames == []
