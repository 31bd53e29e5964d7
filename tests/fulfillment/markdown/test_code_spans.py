"""A code span is certain only if no renderer can pair its backticks otherwise."""

from __future__ import annotations

import pytest

from fulfillment.markdown.code_spans import ParagraphSpans


def spans(paragraph: str) -> list[str]:
    reader = ParagraphSpans()
    return [
        line[start:end] for line in paragraph.split("\n") for start, end in reader.in_line(line)
    ]


@pytest.mark.parametrize(
    ("paragraph", "code"),
    [
        ("Use `a` here.", ["`a`"]),
        ("`a` and ``b ` c`` and `d`", ["`a`", "``b ` c``", "`d`"]),
        ("**`a`**: b\n`*` and `c`", ["`a`", "`*`", "`c`"]),
        ("[docs](https://example.com/a_b) on `f()`, `b`", ["`f()`", "`b`"]),
        ("[`a`](https://example.com) `b`", ["`a`", "`b`"]),
        ("[ ] try `a`", ["`a`"]),
        ("a ` b `c` d", ["` b `"]),
        ("*a `b`` c` `d* e`", ["`b`` c`"]),
        ("| `a` | `b \\| c` | `d` |", ["`a`"]),
    ],
)
def test_certain_spans(paragraph: str, code: list[str]) -> None:
    assert spans(paragraph) == code


@pytest.mark.parametrize(
    "paragraph",
    [
        *("a ` b\n`c`", "[ `a]` `b`", "\\`c`", "``c`", "~`c`", "http://example.com/`c`"),
        *("*a ``b* c``", "_a `b_ c\\`", "~a `b~ c`"),
        *("[a `](b) c`", '[a](b "`") c`', "`a | b` `c`"),
    ],
)
def test_uncertain_spans(paragraph: str) -> None:
    assert spans(paragraph) == []
