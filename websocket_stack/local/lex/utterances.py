"""Which intent an utterance is, by a small file of sample utterances. On AWS Lex learns that; here
an utterance is understood as it is written there, but for case and punctuation.

    # orders.utterances
    [TrackOrder]
    where is my order
    track order {OrderId}
    {OrderId}: Which order is it?

A line that begins with a slot and a colon is the question by which Lex itself elicits that slot,
before the intent is fulfilled.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import NamedTuple

# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_CreateIntent.html
NAME = r"(?:[0-9a-zA-Z][_-]?){1,100}"
INTENT = re.compile(rf"\[\s*({NAME})\s*\]")
PROMPT = re.compile(rf"\{{({NAME})\}}\s*:\s*(.*)")
SLOT = re.compile(rf"\{{({NAME})\}}")
# At the end of a word; before one, only where a language has such a mark.
PUNCTUATION = re.compile(r"[.,;:!?…¿¡。、！？；：،؛؟।]+(?=\s|$)|(?<!\S)[¿¡]+")
# Stands for a slot in a line; a brace that is no slot's is refused.
HOLE = "{}"

YES = frozenset({"yes", "y", "yes please", "sure", "ok", "okay", "yeah", "yep", "correct", "ja"})
NO = frozenset({"no", "n", "no thanks", "nope", "cancel", "wrong", "nein"})


class UtterancesError(Exception):
    """The file of sample utterances cannot be read; the message names the line."""


class Understood(NamedTuple):
    """The intent of an utterance, and the slots that it fills."""

    intent: str
    slots: Mapping[str, str | None]


class Said(NamedTuple):
    """A text without case and punctuation, and where each character of it was in the original."""

    plain: str
    places: list[int]
    original: str

    def between(self, start: int, end: int) -> str:
        """Return a part as it was written, not as it is compared."""
        return self.original[self.places[start] : self.places[end - 1] + 1].strip()


class Sample(NamedTuple):
    """A sample utterance: the words around its slots, one more than there are slots."""

    words: list[str]
    slots: list[str]

    @property
    def length(self) -> int:
        """How many characters of an utterance it says by itself."""
        return sum(map(len, self.words))

    def values_in(self, said: Said) -> dict[str, str] | None:
        """Return what an utterance says for the slots, or ``None`` if it is another one.

        Each slot is as short as it can be. To look for words from left to right, and never again
        where they have been found, takes one pass over the utterance whatever is in it.
        """
        plain, (first, *others) = said.plain, self.words
        if not others:
            return {} if plain == first else None
        if not plain.startswith(first) or not plain.endswith(others[-1]):
            return None
        values: dict[str, str] = {}
        start, last = len(first), len(plain) - len(others[-1])
        for slot, word in zip(self.slots, others, strict=True):
            end = last if slot == self.slots[-1] else plain.find(word, start + 1)
            if end <= start or not (value := said.between(start, end)):
                return None
            values[slot] = value
            start = end + len(word)
        return values


class Intent(NamedTuple):
    """An intent: its slots, how each is asked for, and what users say for it."""

    slots: list[str]
    prompts: dict[str, str]
    samples: list[Sample]


class Understanding:
    """What a bot understands; takes the text of the file, nothing for a bot of no intents.

    Raises:
        UtterancesError: a line is none of the three kinds.
    """

    def __init__(self, text: str = "") -> None:
        self._intents: dict[str, Intent] = {}
        intent: Intent | None = None
        # Editors on Windows begin a file with a mark of their own.
        for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if named := INTENT.fullmatch(line):
                intent = self._intents.setdefault(named[1], Intent([], {}, []))
            elif line.startswith("["):
                raise UtterancesError(f"line {number}: an intent is written [LikeThis]")
            elif intent is None:
                raise UtterancesError(f"line {number}: comes before the first [IntentName]")
            else:
                _add(intent, line, number)

    def understand(self, utterance: str) -> Understood | None:
        """Return what an utterance means, or ``None``: that is for the FallbackIntent.

        Where several sample utterances fit, the one that says most by itself is meant.
        """
        readings = self._readings(_said(utterance))
        best = max(readings, key=lambda reading: reading[0], default=None)
        return best[1] if best else None

    def slots_of(self, intent: str) -> list[str]:
        """Return the names of an intent's slots."""
        known = self._intents.get(intent)
        return known.slots if known else []

    def prompts_of(self, intent: str) -> Mapping[str, str]:
        """Return how Lex asks for an intent's required slots, in order."""
        known = self._intents.get(intent)
        return known.prompts if known else {}

    def _readings(self, said: Said) -> Iterator[tuple[int, Understood]]:
        for name, intent in self._intents.items():
            for sample in intent.samples:
                values = sample.values_in(said)
                if values is not None:
                    slots = {slot: values.get(slot) for slot in intent.slots}
                    yield sample.length, Understood(name, slots)


def confirmation_of(utterance: str) -> str | None:
    """Return whether an utterance confirms, as Lex writes it; ``None`` if it does neither."""
    plain = _said(utterance).plain
    return "Confirmed" if plain in YES else "Denied" if plain in NO else None


def _add(intent: Intent, line: str, number: int) -> None:
    if prompt := PROMPT.fullmatch(line):
        if not prompt[2]:
            raise UtterancesError(f"line {number}: the question is missing")
        intent.prompts[prompt[1]] = prompt[2]
        names = [prompt[1]]
    else:
        sample = _sample(line, number)
        intent.samples.append(sample)
        names = sample.slots
    intent.slots.extend(name for name in names if name not in intent.slots)


def _sample(line: str, number: int) -> Sample:
    slots = SLOT.findall(line)
    if re.search(r"[{}]", SLOT.sub("", line)):
        raise UtterancesError(f"line {number}: a slot is written {{LikeThis}}")
    if len(set(slots)) < len(slots):
        raise UtterancesError(f"line {number}: a slot stands there twice")
    words = _said(SLOT.sub(HOLE, line)).plain.split(HOLE)
    if not "".join(words).strip():
        raise UtterancesError(f"line {number}: there are no words, so it would be any utterance")
    if "" in words[1:-1]:
        raise UtterancesError(f"line {number}: nothing tells where the one slot ends")
    return Sample(words, slots)


def _said(text: str) -> Said:
    # What looks the same is the same, however a keyboard composes its accents.
    original = unicodedata.normalize("NFC", text)
    without = PUNCTUATION.sub(lambda marks: " " * len(marks[0]), original)
    plain: list[str] = []
    places: list[int] = []
    for place, character in enumerate(without):
        # One character may become two: ß is compared as ss.
        for folded in " " if character.isspace() else character.casefold():
            if folded != " " or (plain and plain[-1] != " "):
                plain.append(folded)
                places.append(place)
    return Said("".join(plain).rstrip(), places, original)
