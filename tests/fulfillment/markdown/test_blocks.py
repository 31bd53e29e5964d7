"""A document's lines, each with the block and the containers that CommonMark puts it in."""

from __future__ import annotations

import pytest

from fulfillment.markdown.blocks import Item, Kind, Quote, fence_of, is_open_fence, is_text, read

T, H, F, C, B, R = (
    *(Kind.TEXT, Kind.HEADING, Kind.FENCE, Kind.INDENTED_CODE, Kind.TABLE, Kind.RULE),
)


@pytest.mark.parametrize(
    ("markdown", "kinds"),
    [
        ("a\nb\n\nc", [T, T, None, T]),
        ("# a\nb\n#c", [H, T, T]),
        ("a\nb\n---\nc\n\n---", [H, H, H, T, None, R]),
        ("a\n***\n* * *\n", [T, R, R, None]),
        ("```\n# a\n\n~~~\n```\nb", [F, F, F, F, F, T]),
        ("a\n    b\n\n    c\n    d", [T, T, None, C, C]),
        ("a\n| b | c |\n|--|:-:|\n| d |\ne\n\nf", [T, B, B, B, B, None, T]),
        ("| a | b |\n|---|", [T, T]),
        ("a\n:-:", [T, T]),
        ("| a |\n|---|\n# b", [B, B, H]),
    ],
)
def test_kinds(markdown: str, kinds: list[Kind | None]) -> None:
    assert [line.block.kind if line.block else None for line in read(markdown)] == kinds


def containers(markdown: str) -> list[str]:
    """Return of each line the containers, such as ``>`` and ``2.``, and its text."""
    found = []
    for line in read(markdown):
        marks = [">" if isinstance(c, Quote) else c.opening.strip() for c in line.containers]
        found.append(" ".join([*marks, line.text]))
    return found


@pytest.mark.parametrize(
    ("markdown", "lines"),
    [
        ("> a\nb\n\nc", ["> a", "> b", "", "c"]),
        ("> > a\n> b\n>\n> c", ["> > a", "> > b", "> ", "> c"]),
        ("- a\n  b\n\n  c\nd\n\ne", ["- a", "- b", "- ", "- c", "- d", "- ", "e"]),
        ("- a\n  1. b\n     - c\n- d", ["- a", "- 1. b", "- 1. - c", "- d"]),
        ("-\n  a", ["- ", "- a"]),
        ("-     a", ["-     a"]),
        ("1. a\n2. b\n2) c\n* d", ["1. a", "2. b", "2) c", "* d"]),
        ("a\n2. b\n- c\n-", ["a", "2. b", "- c", "- "]),
        ("- > a\n  > b\n- c", ["- > a", "- > b", "- c"]),
        ("- a\n\tb\n\n\tc", ["- a", "- b", "- ", "- c"]),
        ("- ```\n  a\n b", ["- ```", "- a", " b"]),
    ],
)
def test_containers(markdown: str, lines: list[str]) -> None:
    assert containers(markdown) == lines


def test_numbers_count_on_from_the_first() -> None:
    lines = read("9. a\n9. b\n   c\n9. d")
    assert ["".join(line.leads) + line.text for line in lines] == [
        *("9. a", "10. b", "    c", "11. d")
    ]


def test_items_of_one_list() -> None:
    first, second, other = (line.containers[0] for line in read("- a\n- b\n+ c"))
    assert isinstance(first, Item) and isinstance(second, Item) and isinstance(other, Item)
    assert first.list is second.list is not other.list


def test_what_is_very_deep_is_text() -> None:
    assert len(read("> " * 99 + "a")[0].containers) == 10


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        *[(line, True) for line in ("a", "-a", "1.a", "#a", "| a |", "**a**", "`a`", "--a")],
        *[(line, False) for line in ("- a", "1. a", "# a", "> a", "```", "---", "==", "    a")],
    ],
)
def test_first_lines_of_paragraphs(line: str, expected: bool) -> None:
    assert is_text(line) is expected


def test_fences() -> None:
    lines = read("``` py x \na\n```\n\n~~~\nb")
    first, last = lines[0].block, lines[-1].block
    assert first and last
    assert fence_of(first) == ("```", "py x")
    assert (is_open_fence(first), is_open_fence(last), is_open_fence(None)) == (False, True, False)
