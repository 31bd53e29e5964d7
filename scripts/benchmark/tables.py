"""Tables of medians: a row a figure, a column a handler, the first handler against the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

Samples = dict[str, list[dict[str, float]]]
"""Figures of each turn by the handler's name; the first handler is compared with the others."""

FIGURE_WIDTH = 40
SPREAD_WIDTH = 20
COMPARISON_WIDTH = 18


class Spread(NamedTuple):
    """The median of some samples, and how far apart they are."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of at least one value."""
        return cls(median(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{_short(self.median)} ({_short(self.least)}-{_short(self.most)})"

    def compared(self, other: Spread) -> str:
        """Return the ratio of the two medians, and their difference."""
        difference = f"{self.median - other.median:+.1f}"
        return f"{self.median / other.median:.3f} {difference:>8}" if other.median else difference


class Table:
    """What was measured under one heading.

    Args:
        title: the circumstances.
        samples: the same figures for each handler.
    """

    def __init__(self, title: str, samples: Samples) -> None:
        self._title = title
        self._handlers = list(samples)
        self._rows = {
            figure: {
                handler: Spread.of([turn[figure] for turn in turns])
                for handler, turns in samples.items()
            }
            for figure in samples[self._handlers[0]][0]
        }

    def lines(self) -> Iterator[str]:
        """Yield the table as lines of text."""
        first, *others = self._handlers
        yield self._title
        yield _line("", self._handlers, [f"vs {other}" for other in others])
        for figure, spreads in self._rows.items():
            yield _line(
                figure,
                [str(spreads[handler]) for handler in self._handlers],
                [spreads[first].compared(spreads[other]) for other in others],
            )

    def to_json(self) -> Mapping[str, object]:
        """Return the table as what JSON can hold."""
        return {
            "title": self._title,
            "figures": {
                figure: {handler: spread._asdict() for handler, spread in spreads.items()}
                for figure, spreads in self._rows.items()
            },
        }


def _line(figure: str, spreads: Sequence[str], comparisons: Sequence[str]) -> str:
    return (
        f"  {figure:<{FIGURE_WIDTH - 2}}"
        + "".join(f"{spread:>{SPREAD_WIDTH}}" for spread in spreads)
        + "".join(f"{comparison:>{COMPARISON_WIDTH}}" for comparison in comparisons)
    )


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}".removesuffix(".0")
