"""Draws what a reader of Lex Web UI sees over time."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
from measure import HANDLERS, Turn

COLOURS = {"lex-streaming": "#0b7285", "plain loop": "#c2570c"}


def draw(turns: dict[str, Turn], pace: tuple[float, float], path: Path) -> None:
    """Write the plot as SVG."""
    matplotlib.rcParams["svg.hashsalt"] = "lex-streaming"
    figure, axes = plt.subplots(figsize=(8, 4.2))
    written = next(iter(turns.values())).written
    start, characters = written[0][0], 0
    model = []
    for moment, length in written:
        characters += length
        model.append((moment - start, characters))
    axes.plot(*zip(*model, strict=True), color="#868e96", linestyle=":", label="the model wrote")
    for name in HANDLERS:
        seen = turns[name].seen()
        label = f"{name}: reader sees ({seen[-1][0]:.1f} s)"
        axes.step(*zip(*seen, strict=True), where="post", color=COLOURS[name], label=label)
        axes.plot(*seen[-1], marker="o", color=COLOURS[name])
    axes.set_xlabel("seconds after the model's first word")
    axes.set_ylabel("characters")
    axes.set_title(f"Lex Web UI, {pace[0]:g} tokens a second, posts of {pace[1]:g} ms")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None})
