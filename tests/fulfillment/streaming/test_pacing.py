from __future__ import annotations

import pytest

from fulfillment.streaming.pacing import GATHER_SECONDS, Pace


def test_the_first_flush_may_leave_at_once() -> None:
    assert Pace(0.2).next_at == Pace(0.2).not_before == float("-inf")


def test_flushes_start_an_interval_apart() -> None:
    pace = Pace(0.2)
    pace.flushed(10.0, 10.02)
    assert pace.next_at == pytest.approx(10.2)


def test_slow_posts_stretch_the_interval() -> None:
    pace = Pace(0.2)
    pace.flushed(10.0, 10.3)
    assert pace.next_at == pytest.approx(10.8)


def test_a_flush_that_shows_nothing_does_not_delay_the_one_that_will() -> None:
    pace = Pace(0.2)
    pace.flushed(10.0, 10.02, shows=False)
    assert pace.next_at == pytest.approx(10.02)


def test_after_a_pause_what_comes_at_once_is_gathered() -> None:
    pace = Pace(0.2)
    pace.flushed(10.0, 10.02)
    pace.resumed(10.1)
    assert pace.next_at == pytest.approx(10.2)
    pace.resumed(12.0)
    assert pace.next_at == pytest.approx(12.0 + GATHER_SECONDS)


def test_without_an_interval_nothing_is_gathered() -> None:
    pace = Pace(0.0)
    pace.resumed(10.0)
    assert pace.next_at == 10.0


def test_a_busy_channel_is_left_alone_longer_each_time() -> None:
    pace = Pace(0.2)
    pauses = []
    for _ in range(6):
        pace.busy(10.0)
        pauses.append(round(pace.not_before - 10.0, 3))
    assert pauses == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_a_flush_that_arrives_ends_the_back_off() -> None:
    pace = Pace(0.2)
    pace.busy(10.0)
    pace.busy(10.2)
    pace.flushed(11.0, 11.02)
    pace.busy(12.0)
    assert pace.not_before == pytest.approx(12.2)


def test_the_first_back_off_may_be_another() -> None:
    pace = Pace(0.2, back_off_seconds=0.1)
    pace.busy(0.0)
    pace.busy(0.1)
    assert pace.not_before == pytest.approx(0.3)
    pace.flushed(0.3, 0.3)
    pace.busy(1.0)
    assert pace.not_before == pytest.approx(1.1)
