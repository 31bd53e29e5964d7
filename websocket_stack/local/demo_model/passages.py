"""Finds the passages of this project's own Markdown that fit a question best."""

from __future__ import annotations

import math
import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from urllib.parse import urljoin

from fulfillment.markdown.code_blocks import find_code
from websocket_stack.local.demo_model.words import corrected, plain_words, words_of

HEADING = re.compile(r"^(#{1,4}) +(.+?)\s*#*$")
# A line of a page's table of contents.
CONTENTS = re.compile(r"^- \[[^\[\]]+\]\(#[^()]+\)(?:\n|\Z)", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~)")
RELATIVE_LINK = re.compile(r"(!?)\[([^\[\]]+)\]\((?![a-z]+:)([^()\s]+)\)")
# A word in the heading says more about a passage than one in its text.
TITLE_WEIGHT, HEADING_WEIGHT, TEXT_WEIGHT = 1.0, 4.0, 1.0
# The beginning of a document says more than a section of the same name.
TITLE_BONUS = 0.3
# Below this share of the question's weight a passage is no answer to it.
LEAST_SHARE = 0.5
# Below this share of the best passage's rank another one is not worth reading.
LEAST_RANK = 0.7


@dataclass(frozen=True)
class Passage:
    """A section of a document.

    Attributes:
        source: the document's path.
        heading: the section's heading.
        text: its Markdown.
        title: the document's heading.
    """

    source: str
    heading: str
    text: str
    title: str = ""


class Library:
    """The passages of some documents, in SQLite's full-text search."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = list(passages)
        columns = [
            [words_of(text) for text in (each.title, each.heading, each.text)] for each in passages
        ]
        self._headings = [frozenset(heading) for _, heading, _ in columns]
        self._words = [frozenset(chain(*each)) for each in columns]
        self._holding = Counter(chain(*self._words))
        self._vocabulary = {
            word
            for each in passages
            for word in plain_words(f"{each.title} {each.heading} {each.text}")
        }
        self._lock = threading.Lock()
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.execute("CREATE VIRTUAL TABLE passage USING fts5(title, heading, text)")
        self._index.executemany(
            "INSERT INTO passage (rowid, title, heading, text) VALUES (?, ?, ?, ?)",
            ((row, *map(" ".join, each)) for row, each in enumerate(columns)),
        )

    @classmethod
    def of_project(cls, folder: Path, served_at: str | None = None) -> Library:
        """Read the README and the docs of a checkout.

        Args:
            folder: the checkout.
            served_at: where a reader of the passages finds these documents, such as ``/``. If
                nowhere, links between them become text.
        """
        passages = list[Passage]()
        for path in (folder / "README.md", *sorted(folder.glob("docs/**/*.md"))):
            source = path.relative_to(folder).as_posix()
            address = None if served_at is None else served_at + source
            document = CONTENTS.sub("", path.read_text("utf-8"))
            passages += split(source, with_links_from(address, document))
        return cls(passages)

    def find(self, question: str, limit: int = 2, least_likeness: float = 0.0) -> list[Passage]:
        """Return the passages that fit a question, the best first; none if none fits.

        Args:
            question: the question.
            limit: how many to return at most.
            least_likeness: how much of the question and the heading has to be common to both, from
                0 to 1.
        """
        words = words_of(corrected(question, self._vocabulary))
        weights = {word: self._weight(word) for word in words}
        ranks = [
            (self._rank(rank, question, weights, row), row)
            for row, rank in self._ranks(weights)
            if self._share(weights, row) >= LEAST_SHARE
            and self._likeness(weights, row) >= least_likeness
        ]
        ranks.sort(key=lambda entry: -entry[0])
        return [
            self._passages[row] for rank, row in ranks[:limit] if rank >= LEAST_RANK * ranks[0][0]
        ]

    def quoted_in(self, text: str) -> list[tuple[int, Passage]]:
        """Return the passages that a text quotes word by word, each with its position."""
        positions = ((text.find(passage.text), passage) for passage in self._passages)
        return sorted(
            ((position, passage) for position, passage in positions if position >= 0),
            key=lambda entry: entry[0],
        )

    def _ranks(self, words: Iterable[str]) -> list[tuple[int, float]]:
        """Return the rows that hold one of some words, and their ranks by BM25, best first."""
        any_of = " OR ".join(f'"{word}"' for word in words)
        if not any_of:
            return []
        with self._lock:
            return self._index.execute(
                "SELECT rowid, -bm25(passage, ?, ?, ?) AS rank FROM passage WHERE passage MATCH ?"
                " ORDER BY rank DESC, rowid",
                (TITLE_WEIGHT, HEADING_WEIGHT, TEXT_WEIGHT, any_of),
            ).fetchall()

    def _rank(self, rank: float, question: str, words: Collection[str], row: int) -> float:
        """Return a passage's rank, which is the higher the more its heading is the question."""
        passage = self._passages[row]
        likeness = self._likeness(words, row)
        if plain_words(passage.heading) == plain_words(question):
            likeness += 1
        elif passage.heading == passage.title:
            likeness *= 1 + TITLE_BONUS
        return rank * (1 + likeness)

    def _likeness(self, words: Collection[str], row: int) -> float:
        """Return how much of a question and a heading is common to both, from 0 to 1."""
        heading = self._headings[row]
        return len(heading & set(words)) / len(heading.union(words))

    def _share(self, weights: Mapping[str, float], row: int) -> float:
        """Return how much of a question's weight a passage holds, from 0 to 1."""
        stems = self._words[row]
        return sum(weight for word, weight in weights.items() if word in stems) / sum(
            weights.values()
        )

    def _weight(self, word: str) -> float:
        """Return how rare a word is among the passages (BM25's inverse document frequency)."""
        holding = self._holding[word]
        return math.log(1 + (len(self._passages) - holding + 0.5) / (holding + 0.5))


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
    sections.append((heading, lines))
    title = next((heading for heading, _ in sections if heading != source), source)
    return [
        Passage(source, heading, text, title)
        for heading, lines in sections
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
