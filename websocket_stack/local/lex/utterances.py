"""Recognizes intents by a small file of sample utterances.

On AWS, Lex learns from its samples; here an utterance has to match one, but for case and
punctuation:

    # orders.utterances
    [TrackOrder]
    where is my order
    track order {OrderId}
    {OrderId}: Which order is it?

A line that begins with a slot and a colon is the prompt by which Lex itself elicits that slot,
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
# In the place of a slot in a line; other braces are refused.
HOLE = "{}"

YES = frozenset({"yes", "y", "yes please", "sure", "ok", "okay", "yeah", "yep", "correct", "ja"})
NO = frozenset({"no", "n", "no thanks", "nope", "cancel", "wrong", "nein"})


class UtterancesError(Exception):
    """The file of sample utterances cannot be read; the message names the line."""


class Interpretation(NamedTuple):
    """The intent of an utterance, and the value of each of its slots."""

    intent: str
    slots: Mapping[str, str | None]


class FoldedText(NamedTuple):
    """A text without case and punctuation.

    Attributes:
        folded: the text as it is compared.
        positions: where each of its characters is in the original.
        original: the text as it was written.
    """

    folded: str
    positions: list[int]
    original: str

    def original_part(self, start: int, end: int) -> str:
        """Return the original of a part of the folded text."""
        return self.original[self.positions[start] : self.positions[end - 1] + 1].strip()


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


class Intent(NamedTuple):
    """An intent: its slots, their prompts, and its sample utterances."""

    slots: list[str]
    prompts: dict[str, str]
    samples: list[Sample]


class Understanding:
    """The intents of a bot.

    Args:
        text: the file's; empty for a bot that has only its FallbackIntent.

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

    def understand(self, utterance: str) -> Interpretation | None:
        """Return the intent of an utterance, or ``None``: that is for the FallbackIntent.

        Of several sample utterances that match, the one with the most words of its own counts.
        """
        matches = self._matches(_folded(utterance))
        best = max(matches, key=lambda match: match[0], default=None)
        return best[1] if best else None

    def slots_of(self, intent: str) -> list[str]:
        """Return the names of an intent's slots."""
        known = self._intents.get(intent)
        return known.slots if known else []

    def prompts_of(self, intent: str) -> Mapping[str, str]:
        """Return the prompts of an intent's required slots, in order."""
        known = self._intents.get(intent)
        return known.prompts if known else {}

    def _matches(self, utterance: FoldedText) -> Iterator[tuple[int, Interpretation]]:
        for name, intent in self._intents.items():
            for sample in intent.samples:
                values = sample.match(utterance)
                if values is not None:
                    slots = {slot: values.get(slot) for slot in intent.slots}
                    yield sample.length, Interpretation(name, slots)


def confirmation_of(utterance: str) -> str | None:
    """Return ``Confirmed`` for a yes, ``Denied`` for a no, ``None`` for anything else."""
    text = _folded(utterance).folded
    return "Confirmed" if text in YES else "Denied" if text in NO else None


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
        raise UtterancesError(f"line {number}: the same slot twice")
    words = _folded(SLOT.sub(HOLE, line)).folded.split(HOLE)
    if not "".join(words).strip():
        raise UtterancesError(f"line {number}: it has no words, so any utterance would match")
    if "" in words[1:-1]:
        raise UtterancesError(f"line {number}: nothing separates two slots")
    return Sample(words, slots)


def _folded(text: str) -> FoldedText:
    # What looks the same is the same, however a keyboard composes its accents.
    original = unicodedata.normalize("NFC", text)
    without_marks = PUNCTUATION.sub(lambda marks: " " * len(marks[0]), original)
    folded: list[str] = []
    positions: list[int] = []
    for position, character in enumerate(without_marks):
        # One character may become two: ß is compared as ss.
        for each in " " if character.isspace() else character.casefold():
            if each != " " or (folded and folded[-1] != " "):
                folded.append(each)
                positions.append(position)
    return FoldedText("".join(folded).rstrip(), positions, original)
