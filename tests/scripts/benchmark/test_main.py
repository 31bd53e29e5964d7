"""The whole measurement, as short as it can be; no figure is asserted, for machines differ."""

from __future__ import annotations

from scripts.benchmark import warm
from scripts.benchmark.handlers import LEX_STREAMING, PLAIN_LOOP
from scripts.benchmark.model import Pace


def test_warm_turns_of_both_handlers():
    turns = warm.run((LEX_STREAMING, PLAIN_LOOP), Pace(400, 0, 0), 8, 2, memory=True)
    for found in turns.values():
        assert [len(turn.record.deltas) for turn in found] == [8, 8]
        assert all(warm.figures(turn)["frames"] >= 1 for turn in found)
    assert warm.figures(turns["plain loop"][0])["frames"] == 8
