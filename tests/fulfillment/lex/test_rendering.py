"""A reply fits its channel, and no text becomes something that a client runs or fetches."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from fulfillment.lex.events import Intent, LexEvent
from fulfillment.lex.messages import Button, Card, Text
from fulfillment.lex.rendering import ACCEPTED_ATTRIBUTE, Rendering, is_interactive
from fulfillment.settings import Settings

TYPED = LexEvent("s", "Hi", Intent("FallbackIntent"))
SPOKEN = TYPED._replace(input_mode="Speech")
MARKDOWN = "**Two** lamps & a [`desk`](https://a.example) <b>"
PLAIN = "Two lamps & a desk <b>"
SSML = "<speak>Two lamps &amp; a desk &lt;b&gt;</speak>"
LIST_PICKER = {
    "templateType": "ListPicker",
    "data": {"content": {"title": "T", "imageData": "https://e.example/leak?x=42", "elements": []}},
}


def accepting(types: str, event: LexEvent = TYPED) -> Rendering:
    return Rendering.of(event._replace(request_attributes={ACCEPTED_ATTRIBUTE: types}))


def test_a_typed_turn_gets_markdown_made_safe() -> None:
    safe = MARKDOWN.replace("<b>", "&lt;b>")
    assert Rendering.of(TYPED).text(Text(MARKDOWN)) == Text(safe, "CustomPayload")


@pytest.mark.parametrize(
    "event",
    [
        SPOKEN,
        TYPED._replace(input_mode="DTMF"),
        TYPED._replace(raw={"responseContentType": "audio/mpeg"}),
    ],
)
def test_a_spoken_turn_gets_words_without_marks(event: LexEvent) -> None:
    assert Rendering.of(event).text(Text(MARKDOWN)) == Text(PLAIN, "PlainText")
    text = TYPED._replace(raw={"responseContentType": "text/plain; charset=utf-8"})
    assert Rendering.of(text).text(Text("**a**")) == Text("**a**")


@pytest.mark.parametrize(
    ("types", "typed", "spoken"),
    [
        ("PlainText", Text(PLAIN, "PlainText"), Text(PLAIN, "PlainText")),
        ("PlainText,SSML", Text(PLAIN, "PlainText"), Text(PLAIN, "PlainText")),
        (" ssml ", Text(SSML, "SSML"), Text(SSML, "SSML")),
        ("SSML,CustomPayload", Text(MARKDOWN.replace("<", "&lt;")), Text(SSML, "SSML")),
        ("CustomPayload", Text(MARKDOWN.replace("<", "&lt;")), Text(PLAIN, "PlainText")),
        ("Hologram", Text(MARKDOWN.replace("<", "&lt;")), Text(PLAIN, "PlainText")),
    ],
)
def test_a_channel_gets_what_it_says_it_accepts(types: str, typed: Text, spoken: Text) -> None:
    assert accepting(types).text(Text(MARKDOWN)) == typed
    assert accepting(types, SPOKEN).text(Text(MARKDOWN)) == spoken


def test_what_a_bot_says_of_its_message_holds_where_it_is_accepted() -> None:
    for text in (Text("*a*", "PlainText"), Text("<speak>a<break/></speak>", "SSML")):
        assert Rendering.of(TYPED).message(text) == text
        assert Rendering.of(SPOKEN).message(text) == text
    spoken = Text('<speak>Tom &amp; <sub alias="x">Eve</sub></speak>', "SSML")
    assert accepting("PlainText").message(spoken) == Text("Tom & Eve", "PlainText")
    assert accepting("SSML").message(Text("a < b", "PlainText")) == Text(
        "<speak>a &lt; b</speak>", "SSML"
    )


@pytest.mark.parametrize("text", ["a\0b\x0b \x1b[0m", "\ufffe\uffff", "\U0001f600 \r\n\tl\u0085"])
def test_ssml_is_xml_whatever_a_model_writes(text: str) -> None:
    spoken = accepting("SSML").message(Text(text, "PlainText"))
    assert isinstance(spoken, Text)
    assert ElementTree.fromstring(spoken.content).tag == "speak"
    assert all(letter in spoken.content for letter in text if letter.isprintable())


def test_a_card_is_text_where_cards_are_not_accepted() -> None:
    card = Card("Which?", buttons=[Button("The small one", "small")])
    for takes_cards in (Rendering.of(SPOKEN), accepting("PlainText,ImageResponseCard")):
        assert takes_cards.message(card) is card
    assert accepting("PlainText").message(card) == Text("Which?\n\n• The small one", "PlainText")


def test_a_text_of_nothing_but_marks_is_not_lost() -> None:
    assert Rendering.of(SPOKEN).markdown("***") == "***"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(LIST_PICKER),
        f" \r\n\t{json.dumps(LIST_PICKER)} \n",
        '{"template\\u0054ype": "Zzz"}',
        '{"templateType": 1, "a": ' + "9" * 5_000 + "}",
        '{"templateType": "Zzz", "a": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"templateType": "```"}',
        '{"templateType": "<b>\u2028"}',
    ],
)
@pytest.mark.parametrize("kind", ["CustomPayload", "PlainText", "SSML"])
def test_json_that_lex_web_ui_would_take_for_a_card_is_code(text: str, kind: str) -> None:
    """It would fetch its pictures, or show an empty bubble instead of it."""
    assert is_interactive(text)
    shown = Rendering.of(TYPED).text(Text(text, kind))  # type: ignore[arg-type]
    assert not is_interactive(shown.content)
    assert text in shown.content
    assert shown.content.startswith("```")
    spoken = Rendering.of(SPOKEN).text(Text(text, kind))  # type: ignore[arg-type]
    assert not is_interactive(spoken.content)


def test_json_that_only_becomes_a_card_is_code() -> None:
    """In JSON no backslash can stand before an angle bracket; neutralised, it is gone."""
    text = '{"templateType": "\\<b>"}'
    assert not is_interactive(text)
    assert not is_interactive(Rendering.of(TYPED).markdown(text))


@pytest.mark.parametrize(
    "text",
    ['{"type": "x"}', "{templateType}", '["templateType"]', '"templateType"', "{", "null", ""],
)
def test_other_json_comes_back_as_written(text: str) -> None:
    assert not is_interactive(text)
    assert Rendering.of(TYPED).markdown(text) == text


def test_who_allows_html_may_send_interactive_messages() -> None:
    text = json.dumps(LIST_PICKER)
    assert Rendering.of(TYPED, Settings(allow_html=True)).markdown(text) == text
    for settings in (Settings(), Settings(allow_pictures=True)):
        assert Rendering.of(TYPED, settings).markdown(text) != text
