"""The turn of a task: its parts while it runs, its deadline, and its usage."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fulfillment.memory.base import Exchange
from fulfillment.memory.conversation import Conversation
from fulfillment.models.base import WITHHELD, Completion
from fulfillment.models.tool_loop import ToolLoop
from fulfillment.reply import Reply
from fulfillment.streaming.deadline import Deadline
from fulfillment.streaming.text_buffer import TextBuffer
from fulfillment.streaming.threads import ThreadStream, start
from websocket_stack.tasks.live_run import LiveRun
from websocket_stack.tasks.task import Task

# Kept free at the end of the Lambda's time to post what is left; a killed worker posts no end.
WRAP_UP_SECONDS = 10.0
# Tokens are counted at the end of a model's stream; one that was stopped has this many or so.
CHARACTERS_A_TOKEN = 4


class TaskTurn(NamedTuple):
    """What runs of a task.

    Attributes:
        task: what its handler is given.
        calls: its model calls.
        conversation: what was said before.
        stream: its text.
        live: its way to the client.
        is_whole: whether the text is sent in one piece at its end.
    """

    task: Task
    calls: ToolLoop
    conversation: Conversation
    stream: ThreadStream
    live: LiveRun
    is_whole: bool

    def text_so_far(self) -> str:
        """Return what is written; nothing of what is to be sent in one piece."""
        return "" if self.is_whole else self.stream.snapshot()

    def save(self, reply: Reply) -> threading.Thread:
        """Start saving the turn, unless it was refused or blocked, as it would then be again."""
        exchange = Exchange(self.task.prompt, reply.written, reply.truncated)
        if any(completion.stop_reason in WITHHELD for completion in self.calls.completions):
            exchange = Exchange("", "")
        return start("conversation", lambda: self.conversation.save(exchange))


def deadline_of(started: float, seconds: float) -> Deadline:
    """Return when a task has to end that its Lambda gives so many seconds."""
    wrap_up = min(WRAP_UP_SECONDS, seconds / 4)
    return Deadline(started + seconds - wrap_up, started + seconds - wrap_up / 4)


def usage_of(text: TextBuffer, completions: Sequence[Completion]) -> Mapping[str, int] | None:
    """Return the tokens that models counted, and a guess where one was stopped before it did."""
    usage = {
        "inputTokens": sum(completion.input_tokens or 0 for completion in completions),
        "outputTokens": sum(completion.output_tokens or 0 for completion in completions),
    }
    if text.length and not text.finished_well:
        guess = text.length // CHARACTERS_A_TOKEN
        usage |= {"outputTokens": max(usage["outputTokens"], guess), "estimated": True}
    return usage if any(usage.values()) else None
