"""When Lex Web UI shows a frame."""

from __future__ import annotations

from scripts.benchmark.reader import shown
from scripts.benchmark.records import Moment

FRAMES = [Moment(1.0, 3), Moment(1.2, 1), Moment(2.0, 5)]


def test_frame_shows_half_a_second_after_the_next() -> None:
    assert shown(FRAMES, ended_at=9.0) == [Moment(1.7, 3), Moment(2.5, 1)]


def test_nothing_shows_after_the_end() -> None:
    assert shown(FRAMES, ended_at=2.0) == [Moment(1.7, 3)]
