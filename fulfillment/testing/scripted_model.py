"""A model that follows a test's script."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from fulfillment.models.base import Completion, Prompt, StopReason, ToolCall

Step: TypeAlias = str | ToolCall | Exception | Completion | threading.Event
"""What a scripted model does next: write, call a tool, fail, say how it ended, or wait."""
Script: TypeAlias = str | Sequence[Step]

# How often a model that waits looks whether it was stopped.
LOOK_SECONDS = 0.005


class ScriptedModel:
    """A model that follows a script, call by call.

    What it writes after a tool call belongs to the next call, as with real models, which get the
    results in between::

        ScriptedModel([ToolCall("call-1", "order_status", {"order_id": "A-17"}), "It is shipped."])

    A call beyond the script raises AssertionError, so that an unexpected call fails the test.

    Args:
        scripts: one for each call, each a text or a list of steps.
        repeats: whether the last script also answers all further calls.

    Attributes:
        prompts: the prompt of each call.
        streams: the stream of each call.
    """

    def __init__(self, *scripts: Script, repeats: bool = False) -> None:
        self._calls = [call for script in scripts for call in _calls_of(script)]
        self._repeats = repeats
        self.prompts: list[Prompt] = []
        self.streams: list[ScriptedStream] = []

    def ask(self, prompt: Prompt) -> ScriptedStream:
        """Answer the next call."""
        self.prompts.append(prompt)
        calls, scripts = len(self.prompts), len(self._calls)
        if calls > scripts and not (scripts and self._repeats):
            raise AssertionError(
                f"the model was asked {calls} times, and its script has {scripts} answers:"
                " say what it writes, as in run(…, model='Hello.')"
            )
        self.streams.append(ScriptedStream(self._calls[min(calls, scripts) - 1]))
        return self.streams[-1]


def _calls_of(script: Script) -> list[list[Step]]:
    calls: list[list[Step]] = [[]]
    for step in [script] if isinstance(script, str) else script:
        if isinstance(step, str) and calls[-1] and isinstance(calls[-1][-1], ToolCall | Completion):
            calls.append([])
        calls[-1].append(step)
    return calls


class ScriptedStream:
    """One call of a scripted model; see :class:`fulfillment.models.base.ModelStream`.

    Attributes:
        closed: set once it was stopped.
        completion: how it ended, once it has.
    """

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps = steps
        self.closed = threading.Event()
        self.completion: Completion | None = None

    def __iter__(self) -> Iterator[str]:
        calls: list[ToolCall] = []
        for step in self._steps:
            if isinstance(step, threading.Event):
                while not step.wait(LOOK_SECONDS) and not self.closed.is_set():
                    pass
            if self.closed.is_set():
                return
            if isinstance(step, Exception):
                raise step
            if isinstance(step, ToolCall):
                calls.append(step)
            elif isinstance(step, Completion):
                self.completion = step
                return
            elif isinstance(step, str):
                yield step
        reason = StopReason.TOOL_USE if calls else StopReason.END_TURN
        self.completion = Completion("scripted", reason, 3, 5, tool_calls=tuple(calls))

    def close(self) -> None:
        """Stop the call."""
        self.closed.set()
