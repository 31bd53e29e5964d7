"""The model calls of one turn: their rounds with tools, and what stops them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from typing import Protocol

from fulfillment.models.base import (
    WITHHELD,
    Completion,
    Message,
    Model,
    ModelStream,
    Prompt,
    StopReason,
    ToolCall,
    ToolResult,
)
from fulfillment.text import repair_surrogates

# Of a call that ended so, the arguments may be missing, and its defaults were not meant.
CUT_SHORT = WITHHELD | {StopReason.MAX_TOKENS}
# A model that still calls tools after so many rounds is going in circles.
MAX_TOOL_ROUNDS = 8
# A tool that hangs must leave the model time to say so.
RESERVED_SECONDS = 5.0
TOO_LATE = "There is no time left for this call. Answer now, with what you know."
TOO_MANY = "There were too many calls. Answer now, with what you know."


class Tools(Protocol):
    """What runs the tools that a model calls."""

    def run(self, call: ToolCall, seconds: float) -> Generator[str, None, ToolResult]:
        """Run a call within so many seconds; yield text for the user, return the result."""
        ...


class ToolLoop:
    """Asks models, and runs the tools that they call, until they call none.

    Args:
        seconds_left: returns how many seconds the turn has left.
        stand_in: the model that answers instead of every other one, in a test.

    Attributes:
        last_text: what the last call wrote.
    """

    def __init__(self, seconds_left: Callable[[], float], stand_in: Model | None = None) -> None:
        self._seconds_left = seconds_left
        self._stand_in = stand_in
        # Where turns are short, a tool may have most of one all the same.
        self._reserved_seconds = min(RESERVED_SECONDS, seconds_left() / 4)
        self._streams: list[ModelStream] = []
        self._closed = False
        self.last_text = ""

    @property
    def seconds_left(self) -> float:
        """How many seconds the turn has left."""
        return self._seconds_left()

    @property
    def completions(self) -> tuple[Completion, ...]:
        """How each call ended; those that still run are left out."""
        return tuple(stream.completion for stream in self._streams if stream.completion)

    def ask(
        self, model: Model, prompt: Prompt, tools: Tools | None = None
    ) -> Generator[str, None, None]:
        """Ask a model, run the tools that it calls, and go on until it calls none.

        Yields the model's text, and the tools' text meanwhile.

        Args:
            model: what is asked.
            prompt: what it is asked first; each round adds to it.
            tools: runs the calls of the prompt's tools.

        Raises:
            ModelError: the model did not answer, or not to the end.
        """
        paragraphs = _Paragraphs()
        for _ in range(MAX_TOOL_ROUNDS):
            message = yield from self._call(model, prompt, paragraphs)
            if tools is None or not message.tool_calls:
                return
            results = yield from self._run(tools, message.tool_calls, paragraphs)
            prompt = prompt.extended(message, results)
        # Out of rounds: what it still calls is refused, and it has to answer.
        message = yield from self._call(model, prompt, paragraphs)
        if message.tool_calls:
            refusals = [ToolResult(call.id, TOO_MANY, failed=True) for call in message.tool_calls]
            yield from self._call(model, prompt.extended(message, refusals), paragraphs)

    def close(self) -> None:
        """Stop all calls, including later ones; from any thread."""
        self._closed = True
        for stream in self._streams:
            # What cannot be stopped is left; the reply must not be lost over it.
            with suppress(Exception):
                stream.close()

    def _call(
        self, model: Model, prompt: Prompt, paragraphs: _Paragraphs
    ) -> Generator[str, None, Message]:
        """Yield the text of one call; return its message."""
        prompt = prompt._replace(seconds_left=self.seconds_left)
        stream = (self._stand_in or model).ask(prompt)
        self._streams.append(stream)
        text = ""
        if not self._closed:
            # An empty chunk is a sign of life and no text.
            for chunk in filter(None, stream):
                yield paragraphs.add(chunk) if text else paragraphs.begin(chunk)
                text += chunk
        # Its chunks may have halved a character between them.
        self.last_text = text = repair_surrogates(text)
        completion = stream.completion
        if completion is None or completion.stop_reason in CUT_SHORT:
            return Message("assistant", text)
        return Message(
            "assistant",
            text,
            tool_calls=completion.tool_calls,
            provider_content=completion.provider_content,
        )

    def _run(
        self, tools: Tools, calls: Sequence[ToolCall], paragraphs: _Paragraphs
    ) -> Generator[str, None, list[ToolResult]]:
        """Run the calls of a round, one after the other; return their results."""
        results = []
        for call in calls:
            seconds = self.seconds_left - self._reserved_seconds
            if seconds > 0:
                result = yield from _run_one(tools.run(call, seconds), paragraphs)
            else:
                result = ToolResult(call.id, TOO_LATE, failed=True)
            results.append(result)
        return results


def _run_one(
    running: Generator[str, None, ToolResult], paragraphs: _Paragraphs
) -> Generator[str, None, ToolResult]:
    with closing(running):
        while True:
            try:
                text = next(running)
            except StopIteration as end:
                result: ToolResult = end.value
                return result
            if text:
                yield paragraphs.begin(text)


class _Paragraphs:
    """Separates what a call or a tool writes from what was written before it."""

    def __init__(self) -> None:
        self._ends_line = True

    def begin(self, text: str) -> str:
        return self.add(text if self._ends_line else f"\n\n{text}")

    def add(self, text: str) -> str:
        self._ends_line = text.endswith("\n")
        return text
