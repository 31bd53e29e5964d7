"""How texts are compared, and where a part of one was in the original."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websocket_stack.local.lex.folding import fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is it?", "where  is\tit"),
        ("STRASSE", "straße"),
        ("cafe\u0301", "CAFÉ"),
        ("¿Dónde está?", "dónde está"),
        ("3.14!", "3.14"),
    ],
)
def test_what_looks_the_same_is_the_same(one: str, other: str) -> None:
    assert fold(one).folded == fold(other).folded


@given(st.text(max_size=40))
def test_every_character_has_a_place_in_the_original(text: Any) -> None:
    folded = fold(text)
    assert len(folded.positions) >= len(folded.folded)
    assert folded.positions == sorted(folded.positions)
    assert all(position < len(folded.original) for position in folded.positions)


def test_a_part_is_as_it_was_written() -> None:
    folded = fold("Order  The BIG Straße today")
    start, end = folded.folded.index("the"), folded.folded.index(" today")
    assert folded.original_part(start, end) == "The BIG Straße"
