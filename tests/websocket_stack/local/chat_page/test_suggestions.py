"""Suggestions from a bot's own intents."""

from __future__ import annotations

from websocket_stack.lex_bot.description import Locale
from websocket_stack.local.chat_page.suggestions import MAX_SUGGESTIONS, suggestions

SIZES = {"values": {"small": ["little"], "large": []}}


def test_each_intent_has_a_sentence_whose_slots_are_filled() -> None:
    locale = Locale.model_validate(
        {
            "slot_types": {"Size": SIZES},
            "intents": {
                "Track": {
                    "utterances": ["where is order {Id}"],
                    "slots": {"Id": {"type": "AMAZON.AlphaNumeric"}},
                },
                "Buy": {
                    "utterances": ["a {Size} lamp", "a lamp"],
                    "slots": {"Size": {"type": "Size"}},
                },
                "Call": {
                    "utterances": ["call {Who}", "make a call"],
                    "slots": {"Who": {"type": "AMAZON.LastName"}},
                },
                "Nothing": {},
            },
        }
    )

    assert suggestions({"en_US": locale, "de_DE": Locale()}) == [
        "Where is order A-1042",
        "A small lamp",
        "Make a call",
    ]


def test_there_are_not_too_many() -> None:
    intents = {f"I{number}": {"utterances": [f"number {number}"]} for number in range(20)}

    assert (
        len(suggestions({"en_US": Locale.model_validate({"intents": intents})})) == MAX_SUGGESTIONS
    )
    assert suggestions({}) == []
