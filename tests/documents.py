"""What is in the project's Markdown: code blocks, commands, headings and links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[1]
READER = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md"))]
DOCUMENTS = [*READER, "CHANGELOG.md", "CONTRIBUTING.md", "scripts/README.md"]
"""All of them, those for contributors too."""


class Block(NamedTuple):
    """A fenced code block: where it stands, and the number of its first line."""

    document: str
    heading: str
    language: str
    text: str
    line: int

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


class Row(NamedTuple):
    """A row of a table: what heads the table's first column, and what the row's cells hold."""

    head: str
    cells: list[str]

    @property
    def names(self) -> list[str]:
        """The names, as inline code, in its first cell."""
        return code_in(self.cells[0])


class Document:
    """Named by its path from the root of the repository."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.text, self._tokens = _read(path)

    @property
    def blocks(self) -> list[Block]:
        """The fenced code blocks."""
        return list(self._blocks())

    def _blocks(self) -> Iterator[Block]:
        heading = ""
        for token, following in zip(self._tokens, [*self._tokens[1:], None], strict=True):
            if token.type == "heading_open" and following:
                heading = following.content
            elif token.type == "fence" and token.map:
                # The fence itself is a line too.
                yield Block(self.path, heading, token.info.strip(), token.content, token.map[0] + 2)

    @property
    def drawings(self) -> list[str]:
        """The code blocks that are indented instead, and so in no language."""
        return [token.content for token in self._tokens if token.type == "code_block"]

    @property
    def rows(self) -> list[Row]:
        """The rows of its tables, without their heads."""
        return list(self._rows())

    def _rows(self) -> Iterator[Row]:
        cells: list[str] = []
        head = ""
        for token, following in zip(self._tokens, self._tokens[1:], strict=False):
            if token.type == "tr_open":
                cells = []
            elif token.type in ("th_open", "td_open"):
                cells.append(following.content)
            elif token.type == "thead_close":
                head = cells[0]
            elif token.type == "tr_close" and following.type != "thead_close":
                yield Row(head, cells)

    @property
    def anchors(self) -> set[str]:
        """What links may name behind ``#``, as GitHub makes it from the headings."""
        headings = [
            following
            for token, following in zip(self._tokens, self._tokens[1:], strict=False)
            if token.type == "heading_open"
        ]
        return {_anchor(_plain(heading)) for heading in headings}

    @property
    def links(self) -> list[str]:
        """Where links and images lead."""
        return [
            str(token.attrs["href" if token.type == "link_open" else "src"])
            for token in self._inline()
            if token.type in ("link_open", "image")
        ]

    @property
    def inline_code(self) -> list[str]:
        """What stands between backticks."""
        return [token.content for token in self._inline() if token.type == "code_inline"]

    def _inline(self) -> Iterator[Token]:
        for token in self._tokens:
            yield from token.children or ()


@cache
def _read(path: str) -> tuple[str, Sequence[Token]]:
    text = (ROOT / path).read_text("utf-8")
    return text, MarkdownIt("commonmark").enable("table").parse(text)


def code_in(text: str) -> list[str]:
    """Return what stands between backticks in a line of Markdown."""
    return re.findall(r"`([^`]+)`", text)


def _plain(heading: Token) -> str:
    return "".join(token.content for token in heading.children or ())


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


TUTORIAL = "docs/tutorial.md"


def blocks_of(language: str, *documents: str) -> list[Block]:
    """Return the blocks in a language, of some documents or of all."""
    return [
        block
        for document in documents or DOCUMENTS
        for block in Document(document).blocks
        if block.language == language
    ]


def lex_bots() -> Mapping[str, str]:
    """Return the file of a Lex bot that each page has, in one or several blocks."""
    pages: dict[str, list[str]] = {}
    for block in blocks_of("yaml"):
        if not block.text.startswith("# .github/"):
            pages.setdefault(block.document, []).append(block.text)
    return {page: "\n".join(texts) for page, texts in pages.items()}


def tutorial_command(heading: str) -> list[str]:
    """Return the words of the command under a heading of the tutorial."""
    (block,) = [block for block in blocks_of("sh", TUTORIAL) if block.heading == heading]
    (command,) = commands_in(block.text)
    return command


def commands_in(shell: str) -> list[list[str]]:
    """Return the words of each command; what is set before it in its environment is left out."""
    lines = shell.replace("\\\n", " ").splitlines()
    commands = [shlex.split(line, comments=True) for line in lines]
    return [_without_settings(words) for words in commands if words]


def _without_settings(words: list[str]) -> list[str]:
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    return words
