from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.streaming.graphemes import last_boundary, pieces
from tests.fulfillment.streaming.texts import FAMILY, TEXTS, ends_between_characters


@given(TEXTS, st.integers(1, 9))
def test_pieces_joined_are_the_text(text: str, most: int) -> None:
    parts = pieces(text, most)
    assert "".join(parts) == text
    assert all(0 < len(part) <= most for part in parts)


@given(TEXTS)
def test_no_character_is_cut(text: str) -> None:
    cut = last_boundary(text)
    assert ends_between_characters([text[:cut], text[cut:]])


def test_longer_pieces_hold_whole_characters() -> None:
    assert pieces(FAMILY * 3, 9) == [FAMILY, FAMILY, FAMILY]


def test_a_run_of_joiners_longer_than_a_piece_is_cut() -> None:
    assert [len(part) for part in pieces("a" + "\u0301" * 10, 4)] == [4, 4, 3]


@pytest.mark.parametrize(
    ("text", "boundary"),
    [("", 0), ("a", 0), ("Hello", 4), (f"Hi {FAMILY}", 3), (FAMILY, 0), ("ok 🇨🇭", 3), ("\r\n", 0)],
)
def test_the_last_boundary(text: str, boundary: int) -> None:
    assert last_boundary(text) == boundary
    assert regex.fullmatch(r"\X?", text[boundary:])
