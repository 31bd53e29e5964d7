"""A crowd under the quota of posts."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from scripts.benchmark.model import Pace
from scripts.benchmark.scale.crowd import Crowd
from scripts.benchmark.scale.report import postings
from scripts.benchmark.scale.simulation import Figures, need, run
from scripts.benchmark.scale.turns import lex_streaming

pytestmark = pytest.mark.slow

CROWD = Crowd(100, Pace(80, 0.02, 0.6), tokens=120)
SIZES = (100, 40_000, 100_000, 400_000)


@pytest.fixture(scope="module")
def turns() -> Any:
    """The turns of each size, by the number of people."""
    return {people: run(CROWD._replace(people=people), lex_streaming) for people in SIZES}


@pytest.fixture(scope="module")
def figures(turns: Any) -> Any:
    return [Figures.of(CROWD._replace(people=people), turns[people]) for people in SIZES]


def test_posts_are_refused_to_a_crowd(figures: Any) -> None:
    assert figures[0].refused == 0
    assert figures[-1].refused > 0.3


def test_text_is_whole_and_once_under_refusals(turns: Any) -> None:
    for turn in turns[SIZES[-1]]:
        # The reply shows what follows.
        assert turn.has_replied
        assert "".join(turn.tokens).startswith("".join(turn.frames))
        assert all(0 <= lag < 30 for lag in turn.lags())
    assert any(turn.frames for turn in turns[SIZES[-1]])


def test_more_people_are_never_refused_less(figures: Any) -> None:
    for fewer, more in pairwise(figures):
        assert fewer.refused <= more.refused
        assert fewer.median_lag <= more.median_lag
        assert fewer.p95_lag <= more.p95_lag


def test_taken_posts_stay_within_the_quota(figures: Any) -> None:
    assert all(each.posts_per_second * (1 - each.refused) < 10_500 for each in figures)


@pytest.mark.parametrize("people", [100, 600, 6_000])
def test_slice_needs_its_share_of_the_whole(people: int) -> None:
    crowd = CROWD._replace(people=people)
    alone, found = need(crowd, lex_streaming), Figures.of(crowd, run(crowd, lex_streaming))
    assert found.posts_per_second == pytest.approx(people / 60 * alone.posts_per_reply)
    assert found.turns_at_once == pytest.approx(alone.turns_at_once)


def test_plain_loop_loses_turns_that_lex_streaming_keeps() -> None:
    crowd = CROWD._replace(people=100_000)
    lost = {name: Figures.of(crowd, run(crowd, posting)) for name, posting in postings().items()}
    assert [each.lost > 0 for each in lost.values()] == [False, True]
