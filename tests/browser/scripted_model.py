"""A model that writes what a test says, at the pace it says, and notes when it wrote what."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from fulfillment.models.base import Completion, Prompt, StopReason
from websocket_stack.local.demo_model.model import tokens_of

Step: TypeAlias = "str | float | threading.Event"
"""A chunk to write, seconds to wait, or what to wait for."""

# In a reply that goes on for so long after its first words, these are seen, in either page.
LONG_ENOUGH_SECONDS = 0.8
# Longer than any test waits for anything; a test that failed must not hold the stack.
PATIENCE_SECONDS = 15


class Written(NamedTuple):
    """What an answer had written at a time, in epoch seconds."""

    at: float
    characters: int


class ScriptedAnswer:
    """One reply being written; see :class:`fulfillment.models.base.ModelStream`."""

    def __init__(self, script: tuple[Step, ...]) -> None:
        self._script = script
        self._closed = threading.Event()
        self.written: list[Written] = []
        self.completion: Completion | None = None

    def __iter__(self) -> Iterator[str]:
        characters = 0
        due = time.monotonic()
        for step in self._script:
            if isinstance(step, threading.Event):
                step.wait(PATIENCE_SECONDS)
                due = time.monotonic()
            elif isinstance(step, float):
                # By the clock, not one wait after the other: the pace holds on a busy machine too.
                due += step
                self._closed.wait(max(0.0, due - time.monotonic()))
            elif not self._closed.is_set():
                characters += len(step)
                self.written.append(Written(time.time(), characters))
                yield step
        self.completion = Completion("scripted", StopReason.END_TURN)

    def close(self) -> None:
        self._closed.set()


class ScriptedModel:
    """Answers every question as it was last told to, and keeps its answers."""

    def __init__(self) -> None:
        self._script: tuple[Step, ...] = ()
        self.answers: list[ScriptedAnswer] = []

    def writes(self, *script: Step) -> None:
        """Say what the next answers are."""
        self._script = script

    def ask(self, prompt: Prompt) -> ScriptedAnswer:
        self.answers.append(ScriptedAnswer(self._script))
        return self.answers[-1]


def paced(text: str, seconds: float) -> tuple[Step, ...]:
    """Return the tokens of a text, written so many seconds apart."""
    return tuple(step for token in tokens_of(text) for step in (seconds, token))
