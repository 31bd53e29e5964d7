"""The embedded model: answers questions about this project from its own README and docs.

It writes at a model's pace. It understands nothing, and says so.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence

from fulfillment.models.base import Completion, Message, Prompt, StopReason, ToolCall
from websocket_stack.local.demo_model.passages import Library
from websocket_stack.local.demo_model.replies import reply_to

MODEL_ID = "demo"
TOKENS_PER_SECOND = 80.0
# What a small hosted model takes.
THINKING_SECONDS = 0.3
# About four characters of English a token; a space belongs to the word behind it.
TOKEN = re.compile(r"\s*\S{1,4}|\s+$")


class DemoModel:
    """The model.

    Args:
        library: the passages it knows.
        tokens_per_second: how fast it writes.
        thinking_seconds: how long it takes until the first token.
        clock: a clock in seconds.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        library: Library,
        tokens_per_second: float = TOKENS_PER_SECOND,
        thinking_seconds: float = THINKING_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.library = library
        self._tokens_per_second = tokens_per_second
        self._thinking_seconds = thinking_seconds
        self._clock = clock
        self._sleep = sleep

    def ask(self, prompt: Prompt) -> DemoStream:
        """Reply to a prompt."""
        return self.write(reply_to(prompt.messages, prompt.tools, self.library), prompt)

    def write(self, reply: Message, prompt: Prompt) -> DemoStream:
        """Write any reply at the model's pace, within the prompt's limits."""
        return DemoStream(reply, prompt, self._due, self._clock, self._sleep)

    def _due(self, index: int) -> float:
        """Return when a token is due, in seconds after the request."""
        return self._thinking_seconds + index / self._tokens_per_second


def tokens_of(text: str) -> list[str]:
    """Cut a text into tokens; joined they are the text."""
    return TOKEN.findall(text)


class DemoStream:
    """One reply being written; see :class:`fulfillment.models.base.ModelStream`."""

    def __init__(
        self,
        reply: Message,
        prompt: Prompt,
        due: Callable[[int], float],
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._reply = reply
        self._prompt = prompt
        self._due = due
        self._clock = clock
        self._sleep = sleep
        self._closed = False
        self.completion: Completion | None = None

    def __iter__(self) -> Iterator[str]:
        text = _before(self._prompt.stop_sequences, self._reply.text)
        tokens = tokens_of(text)
        written = tokens[: self._prompt.max_tokens]
        started = self._clock()
        for index, token in enumerate(written):
            # By the clock, not by one sleep per token: the pace holds on a busy machine too.
            self._sleep(max(0.0, started + self._due(index) - self._clock()))
            if self._closed:
                return
            yield token
        if len(written) < len(tokens):
            stop_reason = StopReason.MAX_TOKENS
        elif text != self._reply.text:
            stop_reason = StopReason.STOP_SEQUENCE
        else:
            stop_reason = StopReason.TOOL_USE if self._reply.tool_calls else StopReason.END_TURN
        self.completion = Completion(
            MODEL_ID,
            stop_reason,
            input_tokens=len(tokens_of(_text_of(self._prompt))),
            output_tokens=len(written),
            latency_ms=int((self._clock() - started) * 1000),
            tool_calls=self._calls() if stop_reason == StopReason.TOOL_USE else (),
        )

    def close(self) -> None:
        """Write nothing more."""
        self._closed = True

    def _calls(self) -> tuple[ToolCall, ...]:
        """Return the calls with ids of their own in this conversation."""
        earlier = sum(len(message.tool_calls) for message in self._prompt.messages)
        return tuple(
            call._replace(id=f"{call.id}_{number}")
            for number, call in enumerate(self._reply.tool_calls, earlier + 1)
        )


def _before(stop_sequences: Sequence[str], text: str) -> str:
    """Return a text up to the first stop sequence, which is not written."""
    ends = [text.find(stop) for stop in stop_sequences if stop and stop in text]
    return text[: min(ends)] if ends else text


def _text_of(prompt: Prompt) -> str:
    texts = [prompt.system]
    for message in prompt.messages:
        texts += [message.text, *(result.text for result in message.tool_results)]
    return "".join(texts)
