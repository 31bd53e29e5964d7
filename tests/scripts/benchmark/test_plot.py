"""What a reader of Lex Web UI has seen by when."""

from __future__ import annotations

import pytest

from scripts.benchmark.records import Moment, Record
from scripts.benchmark.turns import Turn
from scripts.benchmark.worker import Cost

DELTAS = [Moment(10.0, 4), Moment(11.0, 4), Moment(13.0, 2)]


@pytest.mark.slow
def test_frame_is_seen_half_a_second_after_the_next() -> None:
    plot = pytest.importorskip("scripts.benchmark.plot")  # imports matplotlib: not at collection
    frames = [Moment(10.1, 4), Moment(11.1, 4), Moment(13.1, 2)]
    turn = Turn(Record([], DELTAS, frames), Cost(9.0, 13.2, 0.0, 0))
    # The second would be shown after the reply that Lex returns.
    seconds, characters = zip(*plot.seen(turn), strict=True)
    assert seconds == pytest.approx((0.0, 1.6, 3.2))
    assert characters == (0, 4, 10)
