"""The words of a question that carry meaning, as stems, and as the library would spell them."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Collection

import snowballstemmer

WORD = re.compile(r"\w+")
# Words that say nothing about a question's subject.
STOP_WORDS = frozenset(
    "a about again also am an and any anywhere are as at be been before between but by can"
    " could did do does doing everything explain for from get gets getting give got had has"
    " have hello help hey hi how i if in instead into is it its just know let like many may me"
    " might much must my need no of ok okay on one or our out party please put really run s"
    " shall should so some tell than that the their them then there these they thing third"
    " this those to too up use used using very want was way we were what when where which who"
    " why will with would you your".split()
)
# Each line is one meaning; its first word stands for all.
SYNONYMS = """
    cost price pricing priced expensive cheap dollar dollars fee fees pay bill billing money spend
    install setup installation installing
    remove delete uninstall deleting
    update upgrade updating newer
    latency fast speed quick slow slowly
    gpt openai chatgpt ollama vllm
    memory remember remembers history forget
    secure security safe safety
    button buttons card cards
    user users people customer customers visitor visitors
    browser browsers page
    disconnect disconnects disconnected offline
    voice speech spoken phone telephone
    difference different differ versus vs compare compared comparison
    permission permissions iam role roles policy policies
    author made creator maker built
    store stored stores keep keeps kept
    off disable disabled
    language languages german french spanish multilingual
    api apis function functions
    docker container containers
    test testing tests unittest pytest
"""
# How alike a word and the library's spelling of it must be, from 0 to 1; two letters that changed
# places in a word of four are 0.75.
LEAST_LIKENESS = 0.75
# Longer ones are names, such as 403 or 2026.
SHORTEST_NUMBER = 3
# Shorter words are like too many others.
SHORTEST_CORRECTED = 4

_stem = functools.cache(snowballstemmer.stemmer("english").stemWord)
_meanings = {
    _stem(word): _stem(words[0])
    for words in map(str.split, SYNONYMS.strip().splitlines())
    for word in words
}


def words_of(text: str) -> list[str]:
    """Return the words that carry meaning, as stems; of synonyms, the first one's."""
    stems = (_stem(word) for word in plain_words(text) if word not in STOP_WORDS)
    return [_meanings.get(stem, stem) for stem in stems]


def plain_words(text: str) -> list[str]:
    """Return all words of a text, in lower case."""
    return WORD.findall(text.lower())


def corrected(text: str, vocabulary: Collection[str]) -> str:
    """Return a text in which misspelt words are words of a vocabulary, or fillers.

    Args:
        text: the text.
        vocabulary: the words, in lower case, that are spelt as they should be.
    """
    return " ".join(_correct(word, vocabulary) for word in plain_words(text))


def _correct(word: str, vocabulary: Collection[str]) -> str:
    if word.isdigit() and len(word) < SHORTEST_NUMBER:
        return ""  # an amount, which the library states otherwise
    if word in STOP_WORDS or word in vocabulary or not word.isalpha():
        return word
    if len(word) < SHORTEST_CORRECTED:
        # All that a short word may be is a filler with two letters in each other's place.
        return next((each for each in STOP_WORDS if sorted(each) == sorted(word)), word)
    for words in (STOP_WORDS, vocabulary):
        # A slip is seldom in the first letter.
        candidates = (each for each in words if each.startswith(word[0]))
        if alike := difflib.get_close_matches(word, candidates, 1, LEAST_LIKENESS):
            return alike[0]
    return word
