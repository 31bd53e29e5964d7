"""The model calls of one turn: their rounds with tools, and what stops them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from fulfillment.models.base import (
    Completion,
    Message,
    Model,
    ModelStream,
    Prompt,
    StopReason,
    ToolCall,
    ToolResult,
)

if TYPE_CHECKING:
    from fulfillment.handlers import Chunks
    from fulfillment.tools.toolbox import Toolbox

# A model that still calls tools after so many rounds is going in circles.
MAX_TOOL_ROUNDS = 8
# A tool that hangs must leave the model time to say so.
RESERVED_SECONDS = 5.0
TOO_LATE = "There is no time left for this call. ModelStream now, with what you know."
TOO_MANY = "There were too many calls. ModelStream now, with what you know."


class ToolLoop:
    """Takes what says how many seconds the turn has left.

    Attributes:
        last_text: what the last call wrote.
    """

    def __init__(self, seconds_left: Callable[[], float]) -> None:
        self._time_left = seconds_left
        # Where turns are short, a tool is to have most of one all the same.
        self._reserved_seconds = min(RESERVED_SECONDS, seconds_left() / 4)
        self._answers: list[ModelStream] = []
        self._closed = False
        self.last_text = ""

    @property
    def seconds_left(self) -> float:
        return self._time_left()

    @property
    def completions(self) -> tuple[Completion, ...]:
        """How the calls ended, as far as they have."""
        return tuple(answer.completion for answer in self._answers if answer.completion)

    def ask(self, model: Model, prompt: Prompt, toolbox: Toolbox | None = None) -> Chunks:
        """Ask a model, run the tools that it calls, and go on until it calls none.

        Yields its text and what the tools have to say meanwhile.

        Raises:
            ModelError: the model did not answer, or not to the end.
        """
        paragraphs = _Paragraphs()
        for rounds in count():
            said = yield from self._call(model, prompt, paragraphs)
            if toolbox is None or not said.tool_calls or rounds > MAX_TOOL_ROUNDS:
                return
            refusal = TOO_MANY if rounds == MAX_TOOL_ROUNDS else ""
            results = yield from self._run(toolbox, said.tool_calls, paragraphs, refusal)
            told = Message("user", tool_results=results)
            prompt = prompt._replace(messages=(*prompt.messages, said, told))

    def close(self) -> None:
        """Stop the calls, those still to come included; from any thread."""
        self._closed = True
        for answer in self._answers:
            # What cannot be stopped is left; the reply must not be lost over it.
            with suppress(Exception):
                answer.close()

    def _call(
        self, model: Model, prompt: Prompt, paragraphs: _Paragraphs
    ) -> Generator[str, None, Message]:
        """Yield the text of one call; return the message that it made."""
        answer = model.ask(prompt)
        self._answers.append(answer)
        text = ""
        if not self._closed:
            for chunk in answer:
                yield from paragraphs.go_on(chunk) if text else paragraphs.begin(chunk)
                text += chunk
        self.last_text = text
        made = answer.completion
        # Of a call that was cut off the arguments may be missing, and its defaults were not meant.
        if made is None or made.stop_reason == StopReason.MAX_TOKENS:
            return Message("assistant", text)
        return Message(
            "assistant", text, tool_calls=made.tool_calls, provider_content=made.provider_content
        )

    def _run(
        self,
        toolbox: Toolbox,
        calls: Sequence[ToolCall],
        paragraphs: _Paragraphs,
        refusal: str,
    ) -> Generator[str, None, tuple[ToolResult, ...]]:
        results = []
        for call in calls:
            seconds = self.seconds_left - self._reserved_seconds
            if refusal or seconds <= 0:
                results.append(ToolResult(call.id, refusal or TOO_LATE, failed=True))
            else:
                results.append((yield from _run_one(toolbox.run(call, seconds), paragraphs)))
        return tuple(results)


def _run_one(
    running: Generator[str, None, ToolResult], paragraphs: _Paragraphs
) -> Generator[str, None, ToolResult]:
    try:
        while True:
            yield from paragraphs.begin(next(running))
    except StopIteration as end:
        result: ToolResult = end.value
        return result
    finally:
        running.close()


class _Paragraphs:
    """Sets what begins anew, after a tool say, apart from what was said before."""

    def __init__(self) -> None:
        self._ends_line = True

    def begin(self, text: str) -> Iterator[str]:
        if text and not self._ends_line:
            yield "\n\n"
        yield from self.go_on(text)

    def go_on(self, text: str) -> Iterator[str]:
        if text:
            self._ends_line = text.endswith("\n")
            yield text
