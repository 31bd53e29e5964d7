"""Text is broken at ends of lines, sentences and words, and not inside of what belongs together."""

from __future__ import annotations

import pytest

from fulfillment.markdown.breaks import BreakKind, breaks_in, spans_in


def test_where_a_text_may_be_broken() -> None:
    text = "One word. “Two?” three\nfour，五。六"
    assert [(text[each.offset :][:4], each.kind.name) for each in breaks_in(text)] == [
        ("word", "WORD"),
        ("“Two", "SENTENCE"),
        ("thre", "SENTENCE"),
        ("four", "LINE"),
        ("五。六", "WORD"),
        ("六", "SENTENCE"),
    ]


@pytest.mark.parametrize("text", ["", " ", "word", " word", "word ", "long-word"])
def test_where_it_may_not(text: str) -> None:
    assert list(breaks_in(text)) == []


def test_emphasis_can_be_closed_and_opened_again() -> None:
    text = "**a *b c* d** e"
    assert [(each.kind, each.marks) for each in breaks_in(text)] == [
        (BreakKind.EMPHASIS, ("**",)),
        (BreakKind.EMPHASIS, ("**", "*")),
        (BreakKind.EMPHASIS, ("**",)),
        (BreakKind.WORD, ()),
    ]


@pytest.mark.parametrize("element", ["[a b](c)", "[a b](c 'd')", "[a b][c]", "`a b`", "``a ` b``"])
def test_elements_are_worst(element: str) -> None:
    kinds = [each.kind for each in breaks_in(f"x **{element}** y")]
    assert kinds[0] == kinds[-1] == BreakKind.WORD
    assert set(kinds[1:-1]) == {BreakKind.ELEMENT}


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("*a* _b_ **c** ~~d~~", ["*a*", "_b_", "**c**", "~~d~~"]),
        ("***a** b*", ["**a**", "***a** b*"]),
        ("a_b_c 2 * 3 * 4", []),
        ("\\*a b*", []),
        ("*a `b*` c", ["`b*`"]),
        ("[a *b](c) d*", ["[a *b](c)"]),
        ("![a [b] c](d(e))", ["[b]", "![a [b] c](d(e))"]),
        ("a `b", []),
        ("<a*b> c*", []),
    ],
)
def test_what_belongs_together(text: str, elements: list[str]) -> None:
    assert [text[span.start : span.end] for span in spans_in(text)] == elements
