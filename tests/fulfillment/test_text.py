from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.text import MAX_LEVELS, is_blank, repair_surrogates, repair_surrogates_in

ANY_TEXT = st.text(st.characters() | st.characters(categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("a\ud83d\ude00b", "a😀b"),
        ("a\ud83db", "a\ufffdb"),
        ("a\ude00\ud83db", "a\ufffd\ufffdb"),
        ("\ufeffa\ud83d", "\ufeffa\ufffd"),
    ],
)
def test_halves_are_joined_or_replaced(text: str, repaired: str) -> None:
    assert repair_surrogates(text) == repaired


@given(ANY_TEXT)
def test_every_text_can_be_encoded(text: str) -> None:
    repaired = repair_surrogates(text)
    assert json.loads(json.dumps(repaired, ensure_ascii=False).encode()) == repaired
    assert repair_surrogates(repaired) == repaired


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whole_characters_stay(text: str) -> None:
    assert repair_surrogates(text) == text


def test_every_text_of_a_value_is_repaired() -> None:
    value = {"a\ud83d": ["\ud83d", ("\ude00", 1, None, b"\xff", {"b": "\ud83d\ude00"})]}
    assert repair_surrogates_in(value) == {
        "a\ufffd": ["\ufffd", ["\ufffd", 1, None, b"\xff", {"b": "😀"}]]
    }


def test_a_value_that_is_nested_without_end_is_refused() -> None:
    value: list[Any] = []
    for _ in range(MAX_LEVELS):
        value = [value]
    assert repair_surrogates_in(value[0]) == value[0]
    with pytest.raises(ValueError, match="nested"):
        repair_surrogates_in(value)


def test_a_text_without_visible_characters_is_blank() -> None:
    assert all(map(is_blank, ["", " \r\n\t", "\u00a0\u2003", "\u200b\ufeff"]))
    assert not any(map(is_blank, ["a", " . ", "\u200b👍"]))
