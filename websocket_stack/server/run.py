"""One run: a question being answered, for any number of readers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, Protocol

from fulfillment.models.base import WITHHELD
from fulfillment.notices import Notices
from fulfillment.reply import Reply, reply_of
from fulfillment.streaming.asynchronous import AsyncStream
from fulfillment.streaming.asynchronous import run as run_stream
from fulfillment.streaming.deadline import Deadline
from fulfillment.streaming.delivery import Delivery
from fulfillment.streaming.framing import Ending, RawText
from fulfillment.streaming.pacing import Pace
from fulfillment.streaming.text_buffer import TextBuffer
from websocket_stack.server.run_log import RunLog
from websocket_stack.server.source import Answer

# No model's tokenizer is known here; English has about four characters a token.
CHARACTERS_PER_TOKEN = 4


class Key(NamedTuple):
    """The name of a run, or of a conversation, which is its owner's alone."""

    owner: str
    name: str


class ReadableRun(Protocol):
    """A run as its readers have it, whichever process writes it."""

    log: RunLog
    readers: set[Callable[[], None]]

    def stop(self, notice: str = "") -> None:
        """Stop the model; the text written so far stays."""
        ...


class RunReport(NamedTuple):
    """What is known of a run at its end.

    Attributes:
        reply: its text, and how it ended.
        text: what was written.
        is_withheld: whether the model or a filter refused, so that it is not to be remembered.
        seconds: how long it took.
        first_text_seconds: how long until its first text, if there was any.
    """

    reply: Reply
    text: TextBuffer
    is_withheld: bool
    seconds: float
    first_text_seconds: float | None


class Run:
    """A run, whose log grows while it goes on.

    Args:
        key: its name.
        chat: the conversation that it belongs to.
        principal: who is said to have asked, for the limits.

    Attributes:
        log: its text, piece by piece, and its end.
        readers: what to call when there is more to read.
        copy_due: is set then as well, where the log is copied.
    """

    def __init__(self, key: Key, chat: Key, principal: str) -> None:
        self.key = key
        self.chat = chat
        self.principal = principal
        self.log = RunLog()
        self.readers: set[Callable[[], None]] = set()
        self.copy_due: asyncio.Event | None = None
        self._clock = asyncio.get_running_loop().time
        self._stream = AsyncStream()
        self._stopped_for = ""

    def stop(self, notice: str = "") -> None:
        """Stop the model; the text written so far stays.

        Args:
            notice: why, where it was not the reader's wish.
        """
        if self._stream.text.is_growing:
            self._stopped_for = notice
        self._stream.cancel()

    async def write(
        self, answer: Answer, seconds: float, interval_seconds: float, notices: Notices
    ) -> RunReport:
        """Let an answer be written into the log, and end it.

        Args:
            answer: what writes.
            seconds: how long it may take.
            interval_seconds: the least time between two pieces of the log.
            notices: the sentences for when something goes wrong.
        """
        started = self._clock()
        delivery = Delivery(RawText(), Pace(interval_seconds), tail="frames", address="log")
        text = await run_stream(
            self._stream,
            answer.chunks,
            Deadline.of_turn(started, seconds),
            lambda text: Ending(""),
            delivery=delivery,
            channel=self,
        )
        reply = reply_of(text, answer.completions, notices, last_text=answer.last_text)
        notice = reply.notice or self._stopped_for
        # Its text is in the log.
        self.end(Ending(reply.outcome, notice, usage=usage_of(answer, text)))
        return RunReport(
            reply,
            text,
            any(each.stop_reason in WITHHELD for each in answer.completions),
            self._clock() - started,
            None if text.first_chunk_at is None else text.first_chunk_at - started,
        )

    def post(self, address: str, payload: str) -> None:
        """Take the next piece: the delivery of a run is to its log."""
        self.log.add(payload)
        self._notify()

    def end(self, ending: Ending) -> None:
        """Note how it ended, so that its readers are told."""
        self.log.end(ending)
        self._notify()

    def _notify(self) -> None:
        for notify in list(self.readers):
            notify()
        if self.copy_due is not None:
            self.copy_due.set()


def usage_of(answer: Answer, text: TextBuffer) -> dict[str, int]:
    """Return what a reply took; estimated where the model's service does not say, or not yet."""
    usage: dict[str, int] = {}
    for completion in answer.completions:
        for name in ("input_tokens", "output_tokens"):
            if (count := getattr(completion, name)) is not None:
                usage[name] = usage.get(name, 0) + count
    if "output_tokens" in usage:
        return usage | {"estimated": False}
    return usage | {"output_tokens": -(-text.length // CHARACTERS_PER_TOKEN), "estimated": True}
