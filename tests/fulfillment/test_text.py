import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.text import repair_surrogates

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
def test_halves_are_joined_or_replaced(text, repaired):
    assert repair_surrogates(text) == repaired


@given(ANY_TEXT)
def test_every_text_can_be_encoded(text):
    repaired = repair_surrogates(text)
    assert json.loads(json.dumps(repaired, ensure_ascii=False).encode()) == repaired
    assert repair_surrogates(repaired) == repaired


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whole_characters_stay(text):
    assert repair_surrogates(text) == text
