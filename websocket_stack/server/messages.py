"""The messages that a browser's library sends with each question: all that was said. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from fulfillment.memory.base import Exchange


class Transcript(NamedTuple):
    """The messages of a conversation.

    Attributes:
        utterance: the last thing that the user said.
        earlier: the turns before it; ``None`` where the client sent nothing else.
    """

    utterance: str
    earlier: Sequence[Exchange] | None


def transcript_of(messages: object) -> Transcript | None:
    """Read the messages of the AI SDK, or of AG-UI; ``None`` where the last is not the user's.

    What the user may not say, such as a system prompt, is left out, and so is all but text.
    """
    if not isinstance(messages, list):
        return None
    texts = [
        (message["role"], _text_of(message))
        for message in messages
        if isinstance(message, Mapping) and message.get("role") in ("user", "assistant")
    ]
    if not texts or texts[-1][0] != "user":
        return None
    earlier = list(_exchanges(texts[:-1])) if len(texts) > 1 else None
    return Transcript(texts[-1][1], earlier)


def _exchanges(texts: Sequence[tuple[str, str]]) -> Iterable[Exchange]:
    """Pair questions with the answers to them; a question without one was not answered."""
    utterance = ""
    for role, text in texts:
        if role == "user":
            utterance = text
        elif utterance and text:
            yield Exchange(utterance, text)
            utterance = ""


def _text_of(message: Mapping[str, object]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = message.get("parts") if content is None else content
    texts = [
        part.get("text")
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, Mapping) and part.get("type") == "text"
    ]
    return "".join(text for text in texts if isinstance(text, str))
