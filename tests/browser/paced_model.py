"""A model that writes at a pace what a test says, and notes when it wrote what."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from fulfillment.models.base import Prompt
from fulfillment.testing.scripted_model import ScriptedStream
from websocket_stack.local.demo_model.model import tokens_of

Step: TypeAlias = str | float | threading.Event | Exception
"""A chunk to write, seconds to wait, what to wait for, or what to fail with."""

# In a reply that goes on for so long after its first words, these are seen, in either page.
LONG_ENOUGH_SECONDS = 0.8


class Written(NamedTuple):
    """What a stream had written at a time, in epoch seconds."""

    at: float
    characters: int


class PacedStream(ScriptedStream):
    """One reply being written.

    Attributes:
        written: what was there when.
    """

    def __init__(self, script: tuple[Step, ...]) -> None:
        super().__init__(self._at_pace(script))
        self.written: list[Written] = []

    def _at_pace(self, script: tuple[Step, ...]) -> Iterator[str | threading.Event | Exception]:
        characters = 0
        due = time.monotonic()
        for step in script:
            if isinstance(step, float | int):
                # By the clock, not one wait after the other: the pace holds on a busy machine too.
                due += step
                self.closed.wait(max(0.0, due - time.monotonic()))
                continue
            if isinstance(step, str):
                characters += len(step)
                self.written.append(Written(time.time(), characters))
            yield step
            if isinstance(step, threading.Event):
                due = time.monotonic()


class PacedModel:
    """Answers every question as it was last told to, and keeps its streams and their prompts."""

    def __init__(self) -> None:
        self._script: tuple[Step, ...] = ()
        self.streams: list[PacedStream] = []
        self.prompts: list[Prompt] = []

    def writes(self, *script: Step) -> None:
        """Say what the next answers are."""
        self._script = script

    def ask(self, prompt: Prompt) -> PacedStream:
        """Answer."""
        self.prompts.append(prompt)
        self.streams.append(PacedStream(self._script))
        return self.streams[-1]

    def close(self) -> None:
        """Stop all streams: those of a test that failed must not hold the stack."""
        for stream in self.streams:
            stream.close()


def paced(text: str, seconds: float) -> tuple[Step, ...]:
    """Return the tokens of a text, written so many seconds apart."""
    return tuple(step for token in tokens_of(text) for step in (seconds, token))
