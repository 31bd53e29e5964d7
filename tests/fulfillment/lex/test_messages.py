from __future__ import annotations

import pytest

from fulfillment.errors import HandlerError
from fulfillment.lex.messages import Button, Card, ContentType, Text


@pytest.mark.parametrize(
    "card",
    [
        Card("t" * 250, "s" * 250, "u" * 250, [Button("b" * 50, "v" * 50)] * 5),
        Card("😀" * 125),
        Card("Lamp", "lit", "https://x/lamp.png", [Button("More", "Tell me more")]),
        Card("Lamp"),
    ],
)
def test_a_card_within_the_limits_is_taken(card: Card) -> None:
    assert card.checked() is card


@pytest.mark.parametrize(
    ("card", "named"),
    [
        (Card(""), "a title"),
        (Card("t" * 251), "title has at most 250 characters, not 251"),
        # Lex counts it as two.
        (Card("😀" * 126), "title has at most 250 characters, not 252"),
        (Card("t", "s" * 251), "subtitle has at most 250"),
        (Card("t", image_url="u" * 251), "image_url has at most 250"),
        (Card("t", buttons=[Button("b", "v")] * 6), "at most 5 buttons, not 6"),
        (Card("t", buttons=[Button("b" * 51, "v")]), "button's text has at most 50"),
        (Card("t", buttons=[Button("b", "v" * 51)]), "button's value has at most 50"),
        (Card("t", buttons=[Button("", "v")]), "a button has a text and a value"),
        (Card("t", buttons=[Button("b", "")]), "a button has a text and a value"),
    ],
)
def test_a_card_beyond_them_is_refused_by_its_part(card: Card, named: str) -> None:
    with pytest.raises(HandlerError, match=named):
        card.checked()


@pytest.mark.parametrize("content_type", ["CustomPayload", "PlainText", "SSML"])
def test_a_text_is_taken_as_lex_names_it(content_type: ContentType) -> None:
    assert Text("Hello.", content_type).checked() == Text("Hello.", content_type)
    assert Text("\ud83d\ude00 \ud83d", content_type).checked().content == "😀 \ufffd"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (Text(b"secret"), "a message is text, not bytes"),  # type: ignore[arg-type]
        (Text("secret", "ImageResponseCard"), "'ImageResponseCard' is no content type of Lex"),  # type: ignore[arg-type]
    ],
)
def test_a_text_that_lex_does_not_take_is_refused(text: Text, problem: str) -> None:
    with pytest.raises(HandlerError, match=problem) as caught:
        text.checked()
    assert "secret" not in str(caught.value)


def test_a_refusal_quotes_nothing_of_the_card() -> None:
    with pytest.raises(HandlerError) as caught:
        Card("secret" * 50).checked()
    assert "secret" not in str(caught.value)
