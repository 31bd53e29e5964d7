from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.models.thoughts import ThoughtFilter

TAGS = ("thinking", "think")


def shown(*chunks: str, tags: Sequence[str] = TAGS) -> str:
    visible = ThoughtFilter(tags)
    return "".join(map(visible.feed, chunks)) + visible.finish()


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("<thinking> Hm. </thinking>\n\nHello!", "Hello!"),
        (" \n<think>\nHm.\n</think>Hello!", "Hello!"),
        ("<thinking>a</thinking>\n<thinking>b</thinking>\n Hello! ", "Hello! "),
        ("<thinking></thinking>Hello!", "Hello!"),
        ("<thinking>a</think></thinking>Hello!", "Hello!"),
        ("<thinking>Hm.</thinking>", ""),
        # Cut off while it thought.
        ("<thinking>Hm. </thin", ""),
        # What is text.
        ("Hello!", "Hello!"),
        ("  Hello!", "  Hello!"),
        ("Tags: <thinking>Hm.</thinking>", "Tags: <thinking>Hm.</thinking>"),
        ("<thinking>a</thinking>Use <think>b</think>", "Use <think>b</think>"),
        ("<thinker>", "<thinker>"),
        ("<thin", "<thin"),
        (" \n", " \n"),
        ("", ""),
    ],
)
def test_thoughts_at_the_beginning_are_left_out(text: str, rest: str) -> None:
    assert shown(text) == rest
    assert shown(*text) == rest


def test_without_tags_all_is_shown_at_once() -> None:
    text = "<thinking>Hm.</thinking>Hello!"
    assert shown(text, tags=()) == text
    assert ThoughtFilter().feed("<") == "<"


def test_text_is_shown_as_soon_as_it_is_no_tag() -> None:
    visible = ThoughtFilter(TAGS)
    assert [visible.feed(chunk) for chunk in ("<", "t", "able>", "<think>")] == [
        *("", "", "<table>", "<think>")
    ]


PIECES = ["<thinking>", "</thinking>", "<think>", "</think>", "<", "thin", " ", "\n", "a", "</"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES)), st.lists(st.integers(0, 60)))
def test_it_does_not_matter_where_a_text_is_cut(pieces: list[str], cuts: list[int]) -> None:
    text = "".join(pieces)
    at = [0, *sorted(cuts), len(text)]
    assert shown(*(text[a:b] for a, b in zip(at, at[1:], strict=False))) == shown(text)
