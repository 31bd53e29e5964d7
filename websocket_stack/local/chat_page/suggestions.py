"""Questions that a bot's own intents understand, for the chat page."""

from __future__ import annotations

from collections.abc import Mapping

from websocket_stack.lex_bot.description import SLOT, Intent, Locale

MAX_SUGGESTIONS = 6
# What a user may say for a slot of a built-in type.
# https://docs.aws.amazon.com/lexv2/latest/dg/howitworks-builtins-slots.html
EXAMPLES = {
    "AMAZON.AlphaNumeric": "A-1042",
    "AMAZON.City": "Paris",
    "AMAZON.Date": "tomorrow",
    "AMAZON.FirstName": "Ada",
    "AMAZON.Number": "3",
    "AMAZON.Time": "noon",
}


def suggestions(locales: Mapping[str, Locale]) -> list[str]:
    """Return a sentence for each intent of the first locale that has any utterance."""
    locale = next(iter(locales.values()), Locale())
    sentences = (_sentence(intent, locale) for intent in locale.intents.values())
    return [sentence for sentence in sentences if sentence][:MAX_SUGGESTIONS]


def _sentence(intent: Intent, locale: Locale) -> str:
    """Return the first utterance whose slots can all be filled, or nothing."""
    for utterance in intent.utterances:
        sentence = utterance
        for name in SLOT.findall(utterance):
            value = _value(intent.slots[name].type, locale)
            sentence = sentence.replace(f"{{{name}}}", value) if value else ""
        if sentence:
            return sentence[:1].upper() + sentence[1:]
    return ""


def _value(slot_type: str, locale: Locale) -> str:
    if slot_type in locale.slot_types:
        return next(iter(locale.slot_types[slot_type].values))
    return EXAMPLES.get(slot_type, "")
