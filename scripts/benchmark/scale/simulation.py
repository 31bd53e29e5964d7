"""Runs the turns of a crowd against one quota of posts. No socket, no thread, no sleep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from fulfillment.settings import LEX_TIMEOUT_SECONDS
from scripts.benchmark.scale.crowd import Crowd
from scripts.benchmark.scale.gateway import Gateway
from scripts.benchmark.scale.quotas import POST_BURST, POSTS_PER_SECOND, Need
from scripts.benchmark.scale.turns import Posting, Turn

# Larger crowds are simulated by a slice of them that has the same share of the quota.
MAX_SIMULATED_PEOPLE = 600
# The first turns meet a full bucket and no others, and are not counted.
WARM_UP_SECONDS = LEX_TIMEOUT_SECONDS

# https://aws.amazon.com/api-gateway/pricing/ and https://aws.amazon.com/lambda/pricing/
DOLLARS_PER_POST = 1.00 / 1e6
DOLLARS_PER_LAMBDA_SECOND = 0.0000133334  # of 1 GB, arm64


class Figures(NamedTuple):
    """What became of the turns of a crowd.

    Attributes:
        turns_at_once: turns that ran at any moment.
        posts_per_second: posts that were tried.
        refused: which share of them was refused.
        median_lag: seconds from when text was written to when it was on the screen.
        p95_lag: the same, which 95 % of the text did not exceed.
        lost: which share of the turns failed.
        dollars: posts and Lambda, for 1,000 replies.
    """

    turns_at_once: float
    posts_per_second: float
    refused: float
    median_lag: float
    p95_lag: float
    lost: float
    dollars: float

    @classmethod
    def of(cls, crowd: Crowd, turns: Sequence[Turn]) -> Figures:
        """Return the figures of turns that have ended."""
        lags = sorted(lag for turn in turns for lag in turn.lags())
        seconds = sum(turn.ended_at - turn.asked_at for turn in turns) / len(turns)
        posts = sum(turn.posts for turn in turns)
        frames = sum(len(turn.frames) for turn in turns)
        return cls(
            turns_at_once=crowd.questions_per_second * seconds,
            posts_per_second=crowd.questions_per_second * posts / len(turns),
            refused=1 - frames / posts,
            median_lag=lags[len(lags) // 2],
            p95_lag=lags[len(lags) * 95 // 100],
            lost=sum(not turn.has_replied for turn in turns) / len(turns),
            dollars=1000
            * (DOLLARS_PER_POST * frames / len(turns) + DOLLARS_PER_LAMBDA_SECOND * seconds),
        )


def run(crowd: Crowd, posting: Posting) -> list[Turn]:
    """Run one turn of each person, or of each in a slice, among those before and after it.

    Args:
        crowd: who asks.
        posting: how each reply is posted.

    Returns:
        the turns, all ended.
    """
    people = min(crowd.people, MAX_SIMULATED_PEOPLE)
    share = people / crowd.people
    gateway = Gateway(POSTS_PER_SECOND.limit * share, POST_BURST * share)
    spacing = crowd.question_seconds / people
    before, after = (math.ceil(WARM_UP_SECONDS / spacing) for _ in range(2))
    turns = [Turn(crowd, index * spacing, gateway) for index in range(before + people + after)]
    _run(turns, crowd, posting)
    return turns[before : before + people]


def need(crowd: Crowd, posting: Posting) -> Need:
    """Return what a crowd needs, by a turn that has the quotas for itself."""
    turn = Turn(crowd, 0.0, Gateway(math.inf, math.inf))
    _run([turn], crowd, posting)
    return Need(crowd, turn.posts, turn.ended_at)


def _run(turns: Sequence[Turn], crowd: Crowd, posting: Posting) -> None:
    # The index decides between turns that are due at the same time.
    due = [(turn.asked_at, index, posting(turn, crowd)) for index, turn in enumerate(turns)]
    heapify(due)
    while due:
        _, index, turn = heappop(due)
        if (at := next(turn, None)) is not None:
            heappush(due, (at, index, turn))
