"""The words of a question."""

from __future__ import annotations

import pytest

from websocket_stack.local.demo_model.words import corrected, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("How does the lamp turn?", ["lamp", "turn"]),
        ("Streams, streaming & streamed", ["stream"] * 3),
        ("is was AND", []),
        ("MODEL_ID 2024", ["model_id", "2024"]),
        ("Grüße aus Malmö", ["grüße", "aus", "malmö"]),
        ("", []),
    ],
)
def test_words_are_stems_without_fillers(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_synonyms_are_one_word() -> None:
    assert words_of("price pricing expensive") == words_of("cost costs cost")


@pytest.mark.parametrize(
    ("text", "correction"),
    [
        ("waht is a lihgthouse", "what is a lighthouse"),
        ("the lighthose", "the lighthouse"),
        # Known, or nothing like it, or too short, or no word.
        ("lighthouse of X-100, 45 quickly teh", "lighthouse of x 100  quickly the"),
    ],
)
def test_misspelt_words_are_corrected(text: str, correction: str) -> None:
    assert corrected(text, {"lighthouse", "light", "bus"}) == correction
