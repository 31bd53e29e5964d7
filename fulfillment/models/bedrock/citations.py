"""Where a text comes from: numbered markers in it, and the list of sources under it. Pure.

Citations and references are those of Bedrock's knowledge bases and agents:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Citation.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from fulfillment.markdown import fences

# A data source's own title first, then what the connectors of Confluence, SharePoint … give.
TITLES = ("title", "x-amz-bedrock-kb-title", "_document_title")
SOURCE_URI = "x-amz-bedrock-kb-source-uri"

# Members of a URL's query that grant access: at S3, CloudFront, Azure, Google, SharePoint.
KEYS = frozenset(
    {"x-amz-signature", "x-goog-signature", "signature", "sig", "token", "access_token", "tempauth"}
)

_BLANK = re.compile(r"\s")
_FENCE = fences.opening(lead="[ >]*")
# What is markup inside a line, and at its start. An underscore inside a word is none.
_MARKUP = re.compile(r"[\\`*\[\]<>~]|(?<![^\W_])_|_(?![^\W_])")
_LEAD = re.compile(r"\A(\d*)([-+.)#]#*)(?=\s|\Z)")
# All of RFC 3986 but the parentheses, which would end a link's address.
_URL_SAFE = "/:?#@!$&'*+,;=%~-._[]"


class Source(NamedTuple):
    """A document that a text is based on."""

    address: str
    """What identifies it: a URL, an S3 URI, an id."""
    title: str
    link: str = ""
    """An address for the reader to open; empty where there is none, or one not for everybody."""


def source_of(reference: Mapping[str, Any]) -> Source | None:
    """Return the source of a ``RetrievedReference``; ``None`` if it names none.

    An S3 URI and the text of an SQL query say more of an account than a reader needs: of those
    there is only a title.
    """
    location, metadata = reference.get("location", {}), reference.get("metadata", {})
    address = _address(location) or str(metadata.get(SOURCE_URI) or "")
    title = _title(metadata) or _last_part(address) or location.get("type", "")
    if not title:
        return None
    if not _is_web(address):
        return Source(address or title, title)
    link = _link(address)
    # A signed address is signed again for each request, and the rest of it tells documents apart.
    return Source(address if link else address.partition("?")[0], title, link)


def _address(location: Mapping[str, Any]) -> str:
    # Each type of location has a member of its own, such as s3Location, that holds one of these.
    for member in location.values():
        if isinstance(member, Mapping):
            for name in ("url", "uri", "id"):
                if member.get(name):
                    return str(member[name])
    return ""


def _title(metadata: Mapping[str, Any]) -> str:
    for name in TITLES:
        title = metadata.get(name)
        if isinstance(title, str) and title.strip():
            return title
    return ""


class CitedText:
    """A text as it grows, and what it cites.

    A marker stands after the words that a citation is for, and after the word that is being
    written if these went by already; the markers of words that are never written stand at the
    end. The service's offsets are of no use for that: some include the last character and some do
    not, and they have been seen to point into words and beyond the text.
    https://repost.aws/questions/QUGxXdECpDR4G4O0E_d19hsw/bedrock-citations-span-indices-inconsistent-during-streaming-agents-retrieveandgenerate

    Args:
        heading: the heading of the list of sources.
    """

    def __init__(self, heading: str) -> None:
        self._heading = heading
        self._text = ""
        self._shown = 0
        self._waiting: list[tuple[str, tuple[int, ...]]] = []
        self._sources: dict[str, Source] = {}

    def write(self, text: str = "", citations: Iterable[Mapping[str, Any]] = ()) -> str:
        """Take in text and citations; return what can be shown by now.

        White space at the end is held back, for a marker belongs before it.

        Args:
            text: what was written next; empty where citations come alone.
            citations: those that came with it.
        """
        self._text += text
        for citation in citations:
            if numbers := self._numbers(citation.get("retrievedReferences", ())):
                self._waiting.append((_words(citation), numbers))
        parts: list[str] = []
        for place, numbers in self._placed():
            parts += (self._up_to(place), self._marker(place, numbers))
        return "".join(parts) + self._up_to(len(self._text.rstrip()))

    def end(self) -> str:
        """Return the rest: markers that found no place, and the sources, each once."""
        place = self._shown
        rest = self._up_to(len(self._text))
        if not self._sources:
            return rest
        numbers = tuple(dict.fromkeys(n for _, numbers in self._waiting for n in numbers))
        marker = self._marker(place, numbers) if numbers else ""
        lines = (f"{n}. {_line(source)}" for n, source in enumerate(self._sources.values(), 1))
        return f"{marker}\n\n**{self._heading}**\n\n" + "\n".join(lines)

    def _numbers(self, references: Iterable[Mapping[str, Any]]) -> tuple[int, ...]:
        numbers = []
        for source in filter(None, map(source_of, references)):
            self._sources.setdefault(source.address, source)
            numbers.append(list(self._sources).index(source.address) + 1)
        return tuple(dict.fromkeys(numbers))

    def _placed(self) -> list[tuple[int, tuple[int, ...]]]:
        """Take the citations that have a place by now, in the order of the text."""
        waiting, self._waiting, placed = self._waiting, [], []
        for words, numbers in waiting:
            place = self._place(words)
            if place is None:
                self._waiting.append((words, numbers))
            else:
                placed.append((place, numbers))
        return sorted(placed)

    def _place(self, words: str) -> int | None:
        """Return where the marker of these words goes; ``None`` if that is still to be written."""
        start = self._text.rfind(words) if words else -1
        if start < 0 or start + len(words) >= self._shown:
            return start + len(words) if start >= 0 else None
        blank = _BLANK.search(self._text, self._shown)
        return blank.start() if blank else None

    def _up_to(self, place: int) -> str:
        start, self._shown = self._shown, place
        return self._text[start:place]

    def _marker(self, place: int, numbers: Iterable[int]) -> str:
        # Behind a fence it would keep the code block from ending.
        fence = _FENCE.fullmatch(self._text[self._text.rfind("\n", 0, place) + 1 : place])
        gap = "\n\n" if fence and not fence["info"] else " "
        return gap + " ".join(f"[{number}]" for number in numbers)


def _words(citation: Mapping[str, Any]) -> str:
    part = citation.get("generatedResponsePart", {}).get("textResponsePart", {})
    words: str = part.get("text", "")
    return words.strip()


def _line(source: Source) -> str:
    title = _LEAD.sub(r"\1\\\2", _MARKUP.sub(r"\\\g<0>", " ".join(source.title.split())))
    return f"[{title}]({source.link})" if source.link else title


def _is_web(address: str) -> bool:
    return address.lower().startswith(("http://", "https://"))


def _last_part(address: str) -> str:
    if not _is_web(address):
        return address.rstrip("/").rpartition("/")[2]
    host, _, path = address.partition("://")[2].partition("?")[0].partition("#")[0].partition("/")
    return unquote(path.rstrip("/").rpartition("/")[2]) or host.rpartition("@")[2]


def _link(address: str) -> str:
    """Return a web address as Markdown takes it; empty if the address itself grants access."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    is_key = any(name.lower() in KEYS for name, _ in parse_qsl(parts.query))
    return "" if is_key or "@" in parts.netloc else quote(address, safe=_URL_SAFE)
