"""A part begins and ends with what it needs to be a document of its own."""

from __future__ import annotations

import pytest

from fulfillment.markdown.blocks import read
from fulfillment.markdown.parts import Cut, Part


@pytest.mark.parametrize(
    ("markdown", "cut", "before", "after"),
    [
        ("a\n\nb", Cut(2), "a", "b"),
        ("a b", Cut(0, 2), "a", "b"),
        ("*a b*", Cut(0, 3, ("*",)), "*a*", "*b*"),
        ("> a\nb", Cut(1), "> a", "> b"),
        ("- a\n  - b\n  - c\n- d", Cut(2), "- a\n  - b", "- - c\n- d"),
        ("1. a\n1. b c\n1. d", Cut(1, 2), "1. a\n2. b", "2. c\n3. d"),
        ("~~~ x\na\nb\n~~~", Cut(2), "~~~ x\na\n~~~", "~~~x\nb\n~~~"),
        ("- ```\n  a\n  b", Cut(2), "- ```\n  a\n  ```", "- ```\n  b"),
        ("|a|\n|-|\n|b|\n|c|", Cut(3), "|a|\n|-|\n|b|", "|a|\n|-|\n|c|"),
        ("> |a|\n> |-|\n> |b|\n> |c|", Cut(3), "> |a|\n> |-|\n> |b|", "> |a|\n> |-|\n> |c|"),
        ("- a\n\n      b\n\n      c", Cut(4), "- a\n\n      b", "-     c"),
        ("   - a\n     b c", Cut(1, 2), "-    a\n     b", "-    c"),
    ],
)
def test_both_sides_of_a_cut(markdown: str, cut: Cut, before: str, after: str) -> None:
    lines = read(markdown)
    assert Part(lines, Cut(0), 500).text(cut) == before
    assert Part(lines, cut, 500).text(None) == after


def test_a_long_head_is_not_repeated() -> None:
    lines = read(f"| {'a' * 300} |\n|---|\n| b |\n| c |")
    assert Part(lines, Cut(3), 500).text(None) == "| c |"


def test_a_long_info_string_is_cut() -> None:
    lines = read(f"```{'a' * 99}\nb\nc\n```")
    assert Part(lines, Cut(2), 500).text(None) == f"```{'a' * 40}\nc\n```"
