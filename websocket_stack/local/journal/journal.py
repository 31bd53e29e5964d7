"""The last invocations, in memory: events and replies in clear, so nothing here is ever logged."""

from __future__ import annotations

import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from typing import Any

from websocket_stack.local.functions.tracebacks import place_of, traceback_of

# An invocation holds at most one event and one response, of Lambda's 6 MB each.
MAX_INVOCATIONS = 50
# What failed, where a function raised or could not be loaded.
FUNCTION = "function"


@dataclass
class Failure:
    """An error.

    Attributes:
        what: what failed, in a few words.
        sentence: the error's type and message, and where in the builder's code it was raised.
        traceback: where it was raised, as Python prints it.
    """

    what: str
    sentence: str
    traceback: str

    @classmethod
    def of(cls, what: str, error: BaseException) -> Failure:
        """Describe an exception."""
        sentence = traceback.format_exception_only(error)[-1].strip()
        if place := place_of(error):
            sentence = f"{sentence} ({place})"
        return cls(what, sentence, traceback_of(error))


@dataclass
class ModelCall:
    """One request to a model, a knowledge base or an agent.

    Attributes:
        path: the path of the request, which names model and operation.
        request: its body.
        reply: what came back: text, tool calls, stop reason, usage, or an error.
        seconds: until its end.
    """

    path: str
    request: Any
    reply: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None


@dataclass
class Invocation:
    """One call of a Lambda function.

    Attributes:
        number: its place among all.
        function: the function's name.
        at: when it began, in epoch seconds.
        event: its event.
        response: what it returned.
        seconds: how long it took; ``None`` while it runs.
        turn: the fields of the turn's log line.
        log: other lines of its log.
        failures: what went wrong.
        calls: the model calls that began while it ran.
    """

    number: int
    function: str
    at: float
    event: Any
    response: Any = None
    seconds: float | None = None
    turn: Mapping[str, object] | None = None
    log: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    calls: list[ModelCall] = field(default_factory=list)


class Journal:
    """The last invocations of the stack's functions.

    Args:
        clock: epoch seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._invocations: deque[Invocation] = deque(maxlen=MAX_INVOCATIONS)
        self._last = 0
        # Threads of Lambda's handlers inherit it; threads that those start do not.
        self._current: ContextVar[Invocation | None] = ContextVar("invocation", default=None)

    @property
    def last(self) -> int:
        """The number of the last invocation; 0 before the first."""
        return self._last

    def begin(self, function: str, event: Mapping[str, Any]) -> Invocation:
        """Note that a function is called, from the task that awaits it."""
        self._last += 1
        invocation = Invocation(self._last, function, self._clock(), event)
        self._invocations.append(invocation)
        self._current.set(invocation)
        return invocation

    def end(self, invocation: Invocation) -> None:
        """Note that an invocation has ended."""
        invocation.seconds = self._clock() - invocation.at

    def current(self) -> Invocation | None:
        """Return the invocation that the caller is part of: its own, or else the newest that runs.

        A call of a model arrives as a request that does not say who sent it; with several turns at
        once it may be noted with another one of them.
        """
        running = (each for each in reversed(self._invocations) if each.seconds is None)
        return self._current.get() or next(running, None)

    def since(self, number: int) -> list[Invocation]:
        """Return the invocations after one, oldest first."""
        return [each for each in list(self._invocations) if each.number > number]


def as_json(invocation: Invocation) -> dict[str, Any]:
    """Return an invocation as the page gets it."""
    return asdict(invocation)
