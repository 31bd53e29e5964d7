"""What the demo model replies to a conversation: always the same to the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fulfillment.markdown.splitting import rest
from fulfillment.models.base import Message, ToolSpec
from websocket_stack.local.demo_model.courtesies import INTRODUCTION, courtesy, is_answer
from websocket_stack.local.demo_model.languages import apology_for
from websocket_stack.local.demo_model.passages import Library, Passage
from websocket_stack.local.demo_model.tools import QUESTION_END, tell, use_tool

NOTHING_FOUND = f"I found nothing that fits your question. {INTRODUCTION}"
NO_TOOL_FITS = (
    "*(demo model)* A real model would answer here, as your system prompt tells it. I only call"
    " tools, by the words of their names and descriptions: {names}."
)
# Of a question with the heading of a passage, where the bot may be about anything.
LEAST_LIKENESS = 0.5
NOTHING_MORE = "That was all I have to say about it."
NOT_AGAIN = "I no longer have what I was told there. Please ask again, and I will look it up again."
# Older messages are not read.
MAX_MESSAGES = 40
GO_ON = re.compile(
    r"(?:(?:please|yes|ok)\W+)*(?:go on|continue|(?:tell me )?more)(?:\W+please)?\W*", re.IGNORECASE
)


def reply_to(messages: Sequence[Message], tools: Sequence[ToolSpec], library: Library) -> Message:
    """Return the whole reply to a conversation.

    Only its last message counts, unless that holds tool results, asks to go on, or answers a
    question of the demo model's own.
    """
    return _reply(messages[-MAX_MESSAGES:], tools, library)


def _reply(messages: Sequence[Message], tools: Sequence[ToolSpec], library: Library) -> Message:
    last, earlier = messages[-1], messages[:-1]
    if last.tool_results:
        calls = earlier[-1].tool_calls if earlier else ()
        return Message("assistant", tell(last.tool_results, calls))
    if len(earlier) > 1 and GO_ON.fullmatch(last.text.strip()):
        whole = _reply(earlier[:-1], tools, library)
        more = NOT_AGAIN if whole.tool_calls else rest_of(whole.text, earlier[-1].text)
        return Message("assistant", more or NOTHING_MORE)
    return _use_tool(messages, tools) or Message("assistant", _look_up(last.text, library, tools))


def _use_tool(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Message | None:
    # An answer to a question of ours completes what was asked before it.
    utterances = [messages[-1].text]
    for question, before in zip(messages[-2::-2], messages[-3::-2], strict=False):
        if not question.text.endswith(QUESTION_END):
            break
        utterances.insert(0, before.text)
    message = use_tool(utterances[0], tools, utterances[1:])
    if len(utterances) > 1 and message and messages[-2].text.endswith(message.text):
        # It was no answer, so it is not asked for again.
        return use_tool(messages[-1].text, tools)
    return message


def _look_up(question: str, library: Library, tools: Sequence[ToolSpec]) -> str:
    names = ", ".join(f"`{tool.name}`" for tool in tools)
    nothing = NO_TOOL_FITS.format(names=names) if tools else NOTHING_FOUND
    # A bot with tools is hardly about this project, and may have asked something itself.
    if tools and is_answer(question):
        return nothing
    if reply := courtesy(question) or apology_for(question):
        return reply
    passages = library.find(question, least_likeness=LEAST_LIKENESS if tools else 0.0)
    return _quotation(passages[0], passages[1:]) if passages else nothing


def _quotation(passage: Passage, others: Sequence[Passage]) -> str:
    see_also = "".join(f" See also {_place(other)}." for other in others)
    return f"{passage.text}\n\n*From {_place(passage)}.{see_also}*"


def _place(passage: Passage) -> str:
    return f"{passage.source}, “{passage.heading}”"


def rest_of(whole: str, beginning: str) -> str:
    """Return the rest of a text.

    Args:
        whole: the text.
        beginning: what was written of it; a bot's handler may have written paragraphs before it.

    Returns:
        The rest, which goes on as what it was, such as a code block; nothing if ``beginning``
        holds no beginning of the text.
    """
    for paragraph in re.finditer(r"\A|\n", beginning):
        written = beginning[paragraph.end() :].strip()
        if written and whole.startswith(written):
            return rest(whole, len(written))
    return ""
