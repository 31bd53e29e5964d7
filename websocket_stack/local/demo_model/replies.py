"""What the demo model says to a conversation: always the same to the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from fulfillment.markdown.splitting import open_fence
from fulfillment.models.base import Message, ToolSpec
from websocket_stack.local.demo_model.passages import Library, Passage
from websocket_stack.local.demo_model.tools import Said, act, told

NOTHING_FOUND = (
    "I am the **demo model** of this local stack: I look up passages of the project's README "
    "and docs and write them out. I found nothing there that fits your question.\n\n"
    "Ask me, for example, *What is Lex Streaming?* or *How does a turn work?* To talk to a real "
    "model, start the stack with `scripts/serve --model bedrock` or `--model openai`."
)
NOTHING_MORE = "That was all I have to say about it."
NOT_AGAIN = "I no longer have what I was told there. Please ask again, and I will look it up again."
# Further back nothing is looked at.
MOST_MESSAGES = 40

MORE = re.compile(
    r"(?:(?:please|bitte|yes|ja|ok|okay|and|und)\W+)*"
    r"(?:go on|go ahead|keep going|carry on|continue|proceed|(?:tell me |say )?more"
    r"|(?:mach )?weiter|fahre? fort|mehr)"
    r"(?:\W+(?:please|bitte))?\W*",
    re.IGNORECASE,
)


class Replies:
    """Takes the passages it knows."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def to(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> Said:
        """Return the whole reply to a conversation.

        Its last message is all that counts, unless it holds tool results, asks to go on, or
        answers a question of the demo's own.
        """
        return self._to(messages[-MOST_MESSAGES:], tools)

    def _to(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Said:
        last, before = messages[-1], messages[:-1]
        if last.tool_results:
            return Said(told(last.tool_results, before[-1].tool_calls if before else ()))
        if len(before) > 1 and MORE.fullmatch(last.text.strip()):
            return Said(self._more(before, tools))
        wish = _wish(messages, tools)
        return wish.said if wish else Said(self._looked_up(last.text))

    def _more(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> str:
        """Return what follows where the last message, the assistant's, was cut."""
        whole = self._to(messages[:-1], tools)
        if whole.tool_calls:
            return NOT_AGAIN
        return rest_of(whole.text, messages[-1].text) or NOTHING_MORE

    def _looked_up(self, question: str) -> str:
        passages = self._library.find(question)
        return "\n\n".join(map(_quote, passages)) or NOTHING_FOUND


def rest_of(whole: str, said: str) -> str:
    """Return the rest of a text of which only the beginning was said.

    A bot's function may have said something of its own before. A code block that was cut is
    opened again.
    """
    for paragraph in re.finditer(r"\A|\n", said):
        begun = said[paragraph.end() :].strip()
        if begun and whole.startswith(begun):
            rest = whole[len(begun) :]
            fence = open_fence(begun)
            return f"{fence}\n{rest.lstrip(chr(10))}" if fence and rest.strip() else rest.lstrip()
    return ""


class _Wish(NamedTuple):
    """What the user said in order to have a tool called, and what comes of it."""

    utterance: str
    said: Said


def _wish(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> _Wish | None:
    utterance = messages[-1].text
    said = act(utterance, tools)
    alone = _Wish(utterance, said) if said else None
    if said and said.tool_calls or len(messages) < 3 or not messages[-2].text.endswith("?"):
        return alone
    asked = _wish(messages[:-2], tools)
    if asked is None or asked.said.tool_calls or not messages[-2].text.endswith(asked.said.text):
        return alone
    # It answers a question of ours, if it brings us any further.
    utterance = f"{asked.utterance} {utterance}"
    said = act(utterance, tools)
    return _Wish(utterance, said) if said and said != asked.said else alone


def _quote(passage: Passage) -> str:
    return f"{passage.text}\n\n*From {passage.source}, “{passage.heading}”.*"
