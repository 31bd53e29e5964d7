"""Recognizes intents by their sample utterances. Pure.

On AWS, Lex learns from its samples; here an utterance has to match one, but for case and
punctuation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from websocket_stack.lex_bot.description import SLOT, Intent, Locale
from websocket_stack.local.lex.folding import FoldedText, fold
from websocket_stack.local.lex.slot_values import filled

# In the place of a slot in a line; other braces are refused.
HOLE = "{}"

YES = frozenset({"yes", "y", "yes please", "sure", "ok", "okay", "yeah", "yep", "correct", "ja"})
NO = frozenset({"no", "n", "no thanks", "nope", "cancel", "wrong", "nein"})


class Interpretation(NamedTuple):
    """The intent of an utterance, and the value of each of its slots."""

    intent: str
    slots: Mapping[str, str | None]


class Sample(NamedTuple):
    """A sample utterance: the words around its slots, one more than there are slots."""

    words: list[str]
    slots: list[str]

    @property
    def length(self) -> int:
        """How many characters of a matching utterance are not in slots."""
        return sum(map(len, self.words))

    def match(self, utterance: FoldedText) -> dict[str, str] | None:
        """Return the slots' values in an utterance, or ``None`` if it does not match.

        Each slot is as short as it can be. As words are searched from left to right, and never
        again before where one was found, this is one pass over any utterance.
        """
        text, (first, *others) = utterance.folded, self.words
        if not others:
            return {} if text == first else None
        if not text.startswith(first) or not text.endswith(others[-1]):
            return None
        values: dict[str, str] = {}
        start, last = len(first), len(text) - len(others[-1])
        for slot, word in zip(self.slots, others, strict=True):
            end = last if slot == self.slots[-1] else text.find(word, start + 1)
            if end <= start or not (value := utterance.original_part(start, end)):
                return None
            values[slot] = value
            start = end + len(word)
        return values


class Understanding:
    """What a bot understands in one language.

    Args:
        locale: its intents; by default it has only its FallbackIntent.
    """

    def __init__(self, locale: Locale | None = None) -> None:
        self._locale = locale or Locale()
        self._intents = self._locale.all_intents
        self._samples = {
            name: list(_samples(intent.utterances)) for name, intent in self._intents.items()
        }

    def understand(self, utterance: str) -> Interpretation | None:
        """Return the intent of an utterance, or ``None``: that is for the FallbackIntent.

        Of several sample utterances that match, the one with the most words of its own counts.
        """
        matches = self._matches(fold(utterance))
        best = max(matches, key=lambda match: match[0], default=None)
        return best[1] if best else None

    def intent(self, name: str) -> Intent | None:
        """Return the intent of a name, if the bot has one."""
        return self._intents.get(name)

    def filled(self, intent: str, slot: str, text: str) -> dict[str, Any] | None:
        """Return a slot with what a user said for it, or ``None`` where that is no value for it."""
        known = self._intents.get(intent)
        described = known.slots.get(slot) if known else None
        slot_type = self._locale.slot_types.get(described.type) if described else None
        return filled(text, slot_type)

    def _matches(self, utterance: FoldedText) -> Iterator[tuple[int, Interpretation]]:
        for name, samples in self._samples.items():
            for sample in samples:
                values = sample.match(utterance)
                if values is not None:
                    slots = {slot: values.get(slot) for slot in self._intents[name].slots}
                    yield sample.length, Interpretation(name, slots)


def confirmation_of(utterance: str) -> str | None:
    """Return ``Confirmed`` for a yes, ``Denied`` for a no, ``None`` for anything else."""
    text = fold(utterance).folded
    return "Confirmed" if text in YES else "Denied" if text in NO else None


def _samples(utterances: Iterable[str]) -> Iterator[Sample]:
    for utterance in utterances:
        words = fold(SLOT.sub(HOLE, utterance)).folded.split(HOLE)
        # Nothing says where a slot ends whose neighbour is a slot; and one of slots alone, which
        # Lex takes for what it has learned of their values, would match anything here.
        if "".join(words).strip() and "" not in words[1:-1]:
            yield Sample(words, SLOT.findall(utterance))
