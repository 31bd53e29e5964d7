"""Draws what a reader of Lex Web UI sees over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt

from scripts.benchmark.model import Pace
from scripts.benchmark.reader import shown
from scripts.benchmark.records import Moment
from scripts.benchmark.turns import Turn

COLOURS = ("#0b7285", "#c2570c", "#5f3dc4")
MODEL_COLOUR = "#868e96"

Step = tuple[float, int]
"""Seconds since the model's first delta, and how many characters there were then."""


def draw(turns: Mapping[str, Turn], pace: Pace, path: Path) -> None:
    """Write the plot as SVG.

    Args:
        turns: one turn of each handler, by its name.
        pace: what they ran at.
        path: where to write it.
    """
    matplotlib.rcParams["svg.hashsalt"] = "lex-streaming"
    figure, axes = plt.subplots(figsize=(8, 4.2))
    deltas = next(iter(turns.values())).record.deltas
    model = list(_summed(deltas, deltas[0].at))
    axes.plot(*zip(*model, strict=True), color=MODEL_COLOUR, linestyle=":", label="the model wrote")
    for (name, turn), colour in zip(turns.items(), COLOURS, strict=False):
        steps = seen(turn)
        label = f"{name}: reader sees ({steps[-1][0]:.1f} s)"
        axes.step(*zip(*steps, strict=True), where="post", color=colour, label=label)
        axes.plot(*steps[-1], marker="o", color=colour)
    axes.set_xlabel("seconds after the model's first word")
    axes.set_ylabel("characters")
    axes.set_title(
        f"Lex Web UI, {pace.tokens_per_second:g} tokens a second,"
        f" posts of {pace.post_seconds * 1000:g} ms"
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None})


def seen(turn: Turn) -> list[Step]:
    """Return when how much of the reply stood on Lex Web UI's screen.

    The reply that Lex returns shows all of it.

    Args:
        turn: what happened.
    """
    record, cost = turn
    start = record.deltas[0].at
    frames = shown(record.frames, cost.returned_at)
    reply = sum(delta.characters for delta in record.deltas)
    return [(0.0, 0), *_summed(frames, start), (cost.returned_at - start, reply)]


def _summed(moments: Sequence[Moment], start: float) -> Iterator[Step]:
    characters = 0
    for moment in moments:
        characters += moment.characters
        yield moment.at - start, characters
