"""Fences are read as CommonMark 4.5 has them, within the caller's limits."""

from __future__ import annotations

import pytest

from fulfillment.markdown import fences


@pytest.mark.parametrize(
    ("line", "mark", "info"),
    [
        ("```", "```", ""),
        ("  ```` python ", "````", " python "),
        ("~~~ `x` ~", "~~~", " `x` ~"),
        ("~~~~~~", "~~~~~~", ""),
    ],
)
def test_what_opens_a_block(line: str, mark: str, info: str) -> None:
    opening = fences.opening().fullmatch(line)
    assert opening
    assert (opening["mark"], opening["info"]) == (mark, info)


@pytest.mark.parametrize("line", ["``", "~~", "```a`", "``` `a`", "> ```", "text ```", "\t```"])
def test_what_opens_none(line: str) -> None:
    assert not fences.opening().match(line)


def test_lead_and_longest_mark_are_the_callers() -> None:
    pattern = fences.opening(lead="[ >]*", longest=4)
    assert [bool(pattern.match(line)) for line in ("> ````", "> `````", "~~~~~", "- ```")] == [
        *(True, False, False, False)
    ]


@pytest.mark.parametrize(
    ("line", "mark", "closes"),
    [
        ("```", "```", True),
        ("  ````\t\r", "```", True),
        ("```", "````", False),
        ("~~~", "```", False),
        ("``` x", "```", False),
        ("```~", "```", False),
        ("", "```", False),
    ],
)
def test_what_closes_a_block(line: str, mark: str, closes: bool) -> None:
    assert fences.closes(line, mark) is closes
