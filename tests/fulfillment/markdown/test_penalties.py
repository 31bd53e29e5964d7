"""Some cuts are better than others, and some are none."""

from __future__ import annotations

import pytest

from fulfillment.markdown.blocks import read
from fulfillment.markdown.penalties import penalty_before


def penalty(markdown: str) -> int | None:
    """Return the penalty for a cut before the last line."""
    lines = read(markdown)
    return penalty_before(lines, len(lines) - 1)


def test_the_less_is_torn_the_better() -> None:
    ordered = [
        "a\n\nb",
        "- a\n- b",
        "- a\n\n  b",
        "- a\n  - b\n  - c",
        "a:\n\nb",
        "```\na\n\nb",
        "```\na\nb",
    ]
    penalties = [penalty(markdown) for markdown in ordered]
    assert penalties == sorted(set(penalties), key=lambda each: each or 0)


@pytest.mark.parametrize(
    "markdown", ["# a\n\nb", "a\nb", "```\na", "```\na\nb\n```", "|a|\n|-|", "|a|\n|-|\n|b|", "a\n"]
)
def test_where_there_is_no_cut(markdown: str) -> None:
    assert penalty(markdown) is None


@pytest.mark.parametrize("markdown", ["|a|\n|-|\n|b|\n|c|", "> a\n>\n> b", "- a\n- b"])
def test_rows_items_and_quotes_are_alike(markdown: str) -> None:
    assert penalty(markdown) == 1
