"""Fits a reply into the messages that Lex takes. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

# What a message costs in a response beside its content: braces, keys, the content type.
MESSAGE_BYTES = 64

# Where a text may be cut, the best first: between paragraphs, lines, sentences, words.
CUTS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"""[.!?…]["')\]*_”’»]*\s|[。！？]"""),
    re.compile(r"\s"),
)
# A message is filled at least this far before a lesser kind of cut is taken.
LEAST_FILLED = 0.5

# A longer mark or info string than anybody writes is no fence here; it could not be repeated.
FENCE = re.compile(r"^ *(`{3,20}(?!`)|~{3,20}(?!~))(.*)$", re.MULTILINE)
MAX_INFO_CHARACTERS = 40

# Not the dot of a numbered list.
SENTENCE_END = re.compile(r"""(?<!\d)[.!?…]["'”’)\]*_`]*(?=\s|\Z)|[。！？]["'”’」』）]*|\n""")


def messages_of(
    markdown: str,
    *,
    most: int,
    characters: int,
    room_bytes: int,
    encoded_bytes: Callable[[str], int],
    finish: Callable[[str], str],
    notice: str,
) -> list[str]:
    """Cut a reply into messages and finish each.

    Takes the Markdown as written, the most messages, the most characters of each, the most bytes
    of all as they are encoded, what that encoding makes of a text, what is done to each message
    last (such as neutralising HTML; it must not see one message's context in another),
    and the notice that stands at the end where something had to be left out.
    """
    parts = split(markdown, characters)
    messages = [finish(part) for part in parts]
    room = room_bytes - encoded_bytes(f"\n\n{notice}") - MESSAGE_BYTES
    fitting = _fitting(messages, room_bytes, encoded_bytes)
    if fitting == len(messages) <= most:
        return messages
    # One message is kept free for the notice and what still fits before it.
    kept = min(_fitting(messages, room, encoded_bytes), most - 1)
    room -= sum(encoded_bytes(message) + MESSAGE_BYTES for message in messages[:kept])
    rest = _shortened(parts[kept], room, encoded_bytes, finish)
    return [*messages[:kept], f"{rest}\n\n{notice}" if rest else notice]


def split(markdown: str, characters: int) -> list[str]:
    """Cut Markdown into parts of at most so many characters, at the best place near each end.

    A code block that is cut is closed in one part and opened again in the next. What is not a
    code block is kept whole but for white space at the cuts.
    """
    parts = []
    rest = markdown.strip("\n")
    while len(rest) > characters:
        cut = _best_cut(rest, characters)
        head, rest = rest[:cut], rest[cut:]
        if fence := open_fence(head):
            rest = f"{fence}\n{rest.lstrip(chr(10))}"
            head = closed(head)
        else:
            rest = rest.lstrip("\n")
        parts.append(head.rstrip())
    return [part for part in [*parts, rest] if part.strip()]


def cut_at_sentence(text: str) -> str:
    """Return the text up to its last sentence or line end, or all of it if that is far back."""
    ends = [match.end() for match in SENTENCE_END.finditer(text)]
    if ends and ends[-1] >= len(text) // 2:
        return text[: ends[-1]].rstrip()
    return text


def closed(markdown: str) -> str:
    """Return Markdown with a code block that is still open at its end closed."""
    fence = open_fence(markdown)
    if fence is None:
        return markdown
    mark = re.match(r"`+|~+", fence)
    return f"{markdown.rstrip(chr(10))}\n{mark[0] if mark else ''}"


def open_fence(markdown: str) -> str | None:
    """Return the line that opens the code block in which a text ends, or ``None``."""
    opening: str | None = None
    for match in FENCE.finditer(markdown):
        mark, info = match[1], match[2]
        if opening is None:
            if not (mark[0] == "`" and "`" in info):
                opening = mark + info.rstrip()[:MAX_INFO_CHARACTERS]
        elif mark[0] == opening[0] and mark.startswith(_mark(opening)) and not info.strip():
            opening = None
    return opening


def _mark(opening: str) -> str:
    return opening[: len(opening) - len(opening.lstrip(opening[0]))]


def _best_cut(text: str, characters: int) -> int:
    # Room for the fence that may have to be closed.
    limit = characters - 10
    for cuts in CUTS:
        ends = [match.end() for match in cuts.finditer(text, 0, limit)]
        if ends and ends[-1] >= limit * LEAST_FILLED:
            return ends[-1]
    return limit


def _fitting(messages: Sequence[str], room: int, encoded_bytes: Callable[[str], int]) -> int:
    """Return how many messages fit into so many bytes."""
    for count, message in enumerate(messages):
        room -= encoded_bytes(message) + MESSAGE_BYTES
        if room < 0:
            return count
    return len(messages)


def _shortened(
    part: str, room: int, encoded_bytes: Callable[[str], int], finish: Callable[[str], str]
) -> str:
    """Return as much of a part as fits, finished."""
    length = min(len(part), max(0, room))
    while length > 0:
        cut = _best_cut(part, length + 10) if length < len(part) else length
        shortened = finish(closed(part[:cut].rstrip()))
        if encoded_bytes(shortened) <= room:
            return shortened
        length = min(cut - 1, length * 3 // 4)
    return ""
