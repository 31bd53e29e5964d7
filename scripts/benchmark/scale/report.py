"""What ``scripts/bench --scale`` prints."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from scripts.benchmark.handlers import LEX_STREAMING, PLAIN_LOOP
from scripts.benchmark.scale.crowd import Crowd
from scripts.benchmark.scale.quotas import QUOTAS, broken
from scripts.benchmark.scale.simulation import MAX_SIMULATED_PEOPLE, Figures, need, run
from scripts.benchmark.scale.turns import Posting, lex_streaming, plain_loop

NAME_WIDTH = 50
HEADS = ("turns at once", "posts/s", "refused", "median lag", "p95 lag", "lost turns", "$/1,000")
JITTER_SEED = 1


def postings() -> Mapping[str, Posting]:
    """Return the two ways to post, by name; the same ones at each call."""
    jitter = random.Random(JITTER_SEED).random
    return {LEX_STREAMING.name: lex_streaming, PLAIN_LOOP.name: plain_loop(jitter)}


class PostsReport:
    """Each size of a crowd by each way to post, while only the quota of posts limits them.

    Args:
        crowds: the same people in different numbers.
    """

    def __init__(self, crowds: Sequence[Crowd]) -> None:
        self._crowd = crowds[0]
        self._figures = {
            crowd.people: {
                name: Figures.of(crowd, run(crowd, posting)) for name, posting in postings().items()
            }
            for crowd in crowds
        }

    def lines(self) -> Iterator[str]:
        """Yield the table as lines of text."""
        pace = self._crowd.pace
        yield (
            f"A question every {self._crowd.question_seconds:g} s, {self._crowd.tokens} tokens at"
            f" {pace.tokens_per_second:g} a second after {pace.first_token_seconds:g} s, posts of"
            f" {pace.post_seconds * 1000:g} ms,"
        )
        yield (
            f"flushes {self._crowd.flush_interval_seconds:g} s apart; above"
            f" {MAX_SIMULATED_PEOPLE} people, {MAX_SIMULATED_PEOPLE} of them with their share of"
            " the quota"
        )
        yield f"{'people':>7}  {'':<14}" + "".join(f"{head:>14}" for head in HEADS)
        for people, by_posting in self._figures.items():
            for name, figures in by_posting.items():
                cells = "".join(f"{cell:>14}" for cell in _cells(figures))
                yield f"{people:>7,}  {name:<14}{cells}"

    def to_json(self) -> Mapping[str, object]:
        """Return the table as what JSON can hold."""
        return {
            "title": "Posts",
            "figures": {
                people: {name: figures._asdict() for name, figures in by_posting.items()}
                for people, by_posting in self._figures.items()
            },
        }


class QuotasReport:
    """How many times each size of a crowd needs each quota, and what breaks.

    Args:
        crowds: the same people in different numbers.
    """

    def __init__(self, crowds: Sequence[Crowd]) -> None:
        self._needs = {
            name: [need(crowd, posting) for crowd in crowds] for name, posting in postings().items()
        }

    def lines(self) -> Iterator[str]:
        """Yield the table as lines of text."""
        for name, needs in self._needs.items():
            yield f"How many times each default quota is needed, {name}"
            yield _row("people", [f"{each.crowd.people:,}" for each in needs])
            for quota in QUOTAS:
                yield _row(quota.name, [f"{quota.load(each):.2f}" for each in needs])
            firsts = [next(broken(each), None) for each in needs]
            yield _row(
                "breaks first", [each.name.split(":")[0] if each else "-" for each in firsts]
            )

    def to_json(self) -> Mapping[str, object]:
        """Return the table as what JSON can hold."""
        return {
            "title": "Quotas",
            "figures": {
                name: {
                    each.crowd.people: {quota.name: quota.load(each) for quota in QUOTAS}
                    for each in needs
                }
                for name, needs in self._needs.items()
            },
        }


def _row(name: str, cells: Sequence[str]) -> str:
    return f"  {name:<{NAME_WIDTH - 2}}" + "".join(f"{cell:>13}" for cell in cells)


def _cells(figures: Figures) -> Iterator[str]:
    yield f"{figures.turns_at_once:,.0f}"
    yield f"{figures.posts_per_second:,.0f}"
    yield f"{figures.refused:.1%}"
    for lag in (figures.median_lag, figures.p95_lag):
        yield f"{lag:.2f} s" if lag < float("inf") else "never"
    yield f"{figures.lost:.1%}"
    yield f"{figures.dollars:.2f}"
