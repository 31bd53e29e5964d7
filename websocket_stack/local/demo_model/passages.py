"""Finds the passages of this project's own Markdown that fit a question best."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from fulfillment.markdown.code_blocks import find_code

HEADING = re.compile(r"^(#{1,4}) +(.+?)\s*#*$")
FENCE = re.compile(r"^(```|~~~)")
WORD = re.compile(r"\w+")
RELATIVE_LINK = re.compile(r"(!?)\[([^\[\]]+)\]\((?![a-z]+:)([^()\s]+)\)")
# Words that say nothing about a question's subject.
STOP_WORDS = frozenset(
    "a an and are as at be by can do does for from has have how i if in is it its me my of on or"
    " our should so tell than that the then there this to was we what where which who why will with"
    " you your please about".split()
)
# A word in the heading says more about a passage than one in its text.
HEADING_WEIGHT = 3.0
# Below this share of the question's weight a passage is no answer to it.
LEAST_SHARE = 0.34
# Okapi BM25's usual constants.
BM25_K1 = 1.2
BM25_B = 0.75


@dataclass(frozen=True)
class Passage:
    """A section of a document."""

    source: str
    heading: str
    text: str

    def words(self) -> Counter[str]:
        counts = Counter(words_of(self.text))
        for word in words_of(self.heading):
            counts[word] += int(HEADING_WEIGHT)
        return counts


class Library:
    """The passages of some documents."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = [(passage, passage.words()) for passage in passages]
        self._mean_length = max(1.0, _mean([counts.total() for _, counts in self._passages]))

    @classmethod
    def of_project(cls, folder: Path, served_at: str | None = None) -> Library:
        """Read the README, the changelog and the docs of a checkout.

        Args:
            folder: the checkout.
            served_at: where a reader of the passages finds these documents, such as ``/``. If
                nowhere, links between them become text.
        """
        paths = [*sorted(folder.glob("*.md")), *sorted(folder.glob("docs/**/*.md"))]
        passages = list[Passage]()
        for path in paths:
            source = path.relative_to(folder).as_posix()
            address = None if served_at is None else served_at + source
            passages += split(source, with_links_from(address, path.read_text("utf-8")))
        return cls(passages)

    def find(self, question: str, limit: int = 2) -> list[Passage]:
        """Return the passages that fit a question, the best first; none if none fits."""
        weights = {word: self._weight(word) for word in set(words_of(question))}
        needed = LEAST_SHARE * sum(weights.values())
        scored = [
            (self._score(weights, counts), passage)
            for passage, counts in self._passages
            if sum(weight for word, weight in weights.items() if word in counts) >= needed > 0
        ]
        if not scored:
            return []
        scored.sort(key=lambda entry: -entry[0])
        best_score, best = scored[0]
        if set(words_of(best.heading)) == set(weights):
            # The question is its heading, word by word.
            return [best]
        return [passage for score, passage in scored[:limit] if score >= 0.7 * best_score]

    def quoted_in(self, text: str) -> list[tuple[int, Passage]]:
        """Return the passages that a text quotes word by word, each with its position."""
        positions = ((text.find(passage.text), passage) for passage, _ in self._passages)
        return sorted(
            ((position, passage) for position, passage in positions if position >= 0),
            key=lambda entry: entry[0],
        )

    def _weight(self, word: str) -> float:
        """How rare a word is among the passages (BM25's inverse document frequency)."""
        holding = sum(word in counts for _, counts in self._passages)
        return math.log(1 + (len(self._passages) - holding + 0.5) / (holding + 0.5))

    def _score(self, weights: dict[str, float], counts: Counter[str]) -> float:
        length = 1 - BM25_B + BM25_B * counts.total() / self._mean_length
        return sum(
            weight * counts[word] * (BM25_K1 + 1) / (counts[word] + BM25_K1 * length)
            for word, weight in weights.items()
        )


def split(source: str, markdown: str) -> list[Passage]:
    """Cut a document at its headings, other than those inside a code block."""
    sections = []
    heading, lines, fenced = source, list[str](), False
    for line in markdown.splitlines():
        fenced ^= bool(FENCE.match(line))
        match = None if fenced else HEADING.match(line)
        if match is None:
            lines.append(line)
            continue
        sections.append((heading, lines))
        heading, lines = match[2], []
    return [
        Passage(source, heading, text)
        for heading, lines in [*sections, (heading, lines)]
        if (text := "\n".join(lines).strip())
    ]


def with_links_from(address: str | None, markdown: str) -> str:
    """Return a document whose relative links lead to the same place from anywhere.

    Args:
        address: where it is served. If nowhere, these links become text.
        markdown: the document.
    """
    code = find_code(markdown).code

    def link(found: re.Match[str]) -> str:
        if any(start <= found.start() < end for start, end in code):
            return found[0]
        return f"{found[1]}[{found[2]}]({urljoin(address, found[3])})" if address else found[2]

    return RELATIVE_LINK.sub(link, markdown)


def words_of(text: str) -> list[str]:
    """Return the words that carry meaning, with English endings cut off."""
    return [_stem(word) for word in WORD.findall(text.lower()) if word not in STOP_WORDS]


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else 0.0
