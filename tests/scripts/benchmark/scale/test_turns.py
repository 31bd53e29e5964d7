"""The two ways to post a reply, one turn at a time."""

from __future__ import annotations

import math

import pytest

from scripts.benchmark.model import Pace
from scripts.benchmark.scale.crowd import Crowd
from scripts.benchmark.scale.gateway import Gateway
from scripts.benchmark.scale.turns import PLAIN_ATTEMPTS, Posting, Turn, lex_streaming, plain_loop

CROWD = Crowd(1, Pace(50, 0.01, 0.5), tokens=50)
FREE = (math.inf, math.inf)
CLOSED = (0, 0)


def run(posting: Posting, quota: tuple[float, float]) -> Turn:
    turn = Turn(CROWD, 0.0, Gateway(*quota))
    assert all(at >= 0 for at in posting(turn, CROWD))
    return turn


def plain() -> Posting:
    return plain_loop(lambda: 1.0)


def test_plain_loop_posts_each_token() -> None:
    turn = run(plain(), FREE)
    assert (turn.frames, turn.posts) == (turn.tokens, 50)


def test_plain_loop_gives_up_after_three_refusals() -> None:
    turn = run(plain(), CLOSED)
    assert (turn.posts, turn.has_replied) == (PLAIN_ATTEMPTS, False)
    # Three posts, and waits of one and two seconds.
    assert turn.ended_at == pytest.approx(0.5 + 3 * 0.01 + 1 + 2)
    assert set(turn.lags()) == {math.inf}


def test_lex_streaming_replies_even_if_all_is_refused() -> None:
    turn = run(lex_streaming, CLOSED)
    assert turn.has_replied and not turn.frames
    # The text is complete after 1.48 seconds; a post may be in flight.
    assert turn.ended_at == pytest.approx(1.48, abs=0.02)
    assert max(turn.lags()) == pytest.approx(turn.ended_at - 0.5)


def test_lex_streaming_gathers_tokens() -> None:
    turn = run(lex_streaming, FREE)
    assert "".join(turn.tokens).startswith("".join(turn.frames))
    assert 2 < turn.posts < 15
