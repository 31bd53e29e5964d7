"""Tools: functions that a model can call while a reply streams."""

from __future__ import annotations

import functools
import inspect
import json
import re
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, cast

from fulfillment.errors import AnswerError, ToolError
from fulfillment.logs import log_failure
from fulfillment.models.base import ToolCall, ToolResult, ToolSpec
from fulfillment.text import repair_surrogates
from fulfillment.tools.docstrings import summary
from fulfillment.tools.json_schema import Mismatch, Schema, take
from fulfillment.tools.signature import Function, arguments_as_described, arguments_of

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolSpecification.html
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

# Some 5,000 tokens, sent again with each further model call of the turn.
MAX_RESULT_CHARACTERS = 20_000

# For a function that returns nothing, or a blank text, which Bedrock refuses. It must not sound
# like a failure where something was done, nor like a find where nothing was found.
NO_RESULT = "Done; there is no result."


class ToolFailed(Exception):
    """Raised by a tool whose model should read why it failed: the message is passed on to it.

    No error of this package's own (see :mod:`fulfillment.errors`), for those are logged.
    """


class Tool:
    """A function that a model can call.

    Takes the function; its name, description and JSON Schema, where these should not come from its
    own name, docstring and type hints; and a text that the user reads whenever it is called. With
    a schema of their own, arguments are handed over as the model wrote them.

    Raises:
        ToolError: a model could not call it, or would not know what for.
    """

    def __init__(
        self,
        function: Function,
        *,
        name: str | None = None,
        description: str | None = None,
        schema: Schema | None = None,
        progress: str = "",
    ) -> None:
        inner = function.func if isinstance(function, functools.partial) else function
        name = getattr(inner, "__name__", "") if name is None else name
        if not NAME.fullmatch(name):
            raise ToolError(f"{name!r} cannot be the name of a tool: {NAME.pattern}")
        if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
            raise ToolError(f"{name}: a tool is not async")
        description = description or summary(inspect.getdoc(inner) or "")
        if not description:
            raise ToolError(f"{name} has no docstring, by which a model knows what it is for")
        try:
            self._shape = (
                arguments_of(function) if schema is None else arguments_as_described(schema)
            )
        except ToolError as exc:
            raise ToolError(f"{name}: {exc}") from exc.__cause__
        self.spec = ToolSpec(name, description, self._shape.schema)
        self.function = function
        self.progress = progress

    def arguments(self, written: Mapping[str, object] | None) -> dict[str, Any]:
        """Return the arguments that a model wrote as the function takes them.

        Raises:
            ToolFailed: they are not what it takes; the message says so to the model.
        """
        if written is None:
            raise ToolFailed("The arguments were not a JSON object.")
        try:
            return cast(dict[str, Any], take(self._shape, written))
        except Mismatch as exc:
            raise ToolFailed(f"Wrong arguments: {exc}.") from None


class Toolbox:
    """The tools of one conversation.

    Takes functions or tools, and the clock, in seconds, that a call's time is measured by.

    Raises:
        ToolError: see :class:`Tool`; or two have the same name.
    """

    def __init__(
        self, tools: Iterable[Tool | Function], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._tools: dict[str, Tool] = {}
        for tool in tools:
            tool = tool if isinstance(tool, Tool) else Tool(tool)
            if self._tools.setdefault(tool.spec.name, tool) is not tool:
                raise ToolError(f"two tools are called {tool.spec.name}")

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools as a model sees them."""
        return tuple(tool.spec for tool in self._tools.values())

    def run(self, call: ToolCall, seconds: float) -> Generator[str, None, ToolResult]:
        """Run a call within so many seconds; never raises.

        Yields the text that the user reads meanwhile, returns what the model is told:
        ``result = yield from toolbox.run(call, seconds)``. Calls of one round run one after the
        other. A tool that is left, because its time is over or this generator is closed, is not
        ended: its thread goes on to its next ``yield`` or its end, and what comes of it is lost.
        """
        try:
            ended = yield from self._run(call, seconds)
        # A tool's own code, in an argument's type, or no thread to be had.
        except Exception as exc:
            ended = _failure_of(exc)
        return ToolResult(call.id, _fitted(ended.text), ended.failed)

    def _run(self, call: ToolCall, seconds: float) -> Generator[str, None, Ended]:
        until = self._clock() + seconds
        tool = self._tools.get(call.name)
        if tool is None:
            raise ToolFailed(f"There is no tool {call.name}. There are: {', '.join(self._tools)}.")
        arguments = tool.arguments(call.arguments)
        if seconds <= 0:
            raise ToolFailed("The tool was not called: there is no time left.")
        if tool.progress:
            yield tool.progress
        steps = Steps(tool.function, arguments)
        try:
            while (left := until - self._clock()) > 0:
                step = steps.wait(left)
                if isinstance(step, Ended):
                    return step
                if step is not None:
                    yield step
        finally:
            steps.leave()
        raise ToolFailed(f"The tool did not finish in {seconds:.3g} seconds.")


class Ended(NamedTuple):
    """How a call ended, as text for the model."""

    text: str
    failed: bool = False


class Steps:
    """A call of a function on a thread of its own.

    A generator takes a step when it is asked for one, and so none once it is left.
    """

    def __init__(self, function: Function, arguments: Mapping[str, Any]) -> None:
        self._function = function
        self._arguments = arguments
        self._asked = threading.Semaphore(0)
        self._left = False
        self._taken: SimpleQueue[str | Ended] = SimpleQueue()
        threading.Thread(target=self._work, name="tool", daemon=True).start()

    def wait(self, seconds: float) -> str | Ended | None:
        """Return a text for the user, or the end, or ``None`` if neither comes within the time."""
        self._asked.release()
        try:
            return self._taken.get(timeout=seconds)
        except Empty:
            return None

    def leave(self) -> None:
        """Let the thread end as soon as it can; does not wait for it."""
        self._left = True
        self._asked.release()

    def _work(self) -> None:
        try:
            ended = Ended(_text_of(self._result()))
        # Whatever a tool raises, SystemExit included, ends this call and no other.
        except BaseException as exc:
            ended = _failure_of(exc)
        self._taken.put(ended)

    def _result(self) -> object:
        result = self._function(**self._arguments)
        if not isinstance(result, Generator):
            return result
        try:
            while self._asked.acquire() and not self._left:
                self._taken.put(_checked(next(result)))
        except StopIteration as stop:
            return stop.value
        finally:
            result.close()
        return None


def _checked(text: object) -> str:
    if not isinstance(text, str):
        raise AnswerError(f"a tool yields text, not {type(text).__name__}")
    return text


def _failure_of(error: BaseException) -> Ended:
    """Return what the model is told of an error; its message is only passed on if it is for it."""
    if isinstance(error, ToolFailed):
        return Ended(str(error).strip() or "The tool failed.", failed=True)
    log_failure("a tool failed", error)
    return Ended(f"The tool failed: {type(error).__name__}.", failed=True)


def _text_of(result: object) -> str:
    if result is None or isinstance(result, str):
        return result or NO_RESULT
    try:
        return json.dumps(result, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        raise ToolFailed("The result could not be written as JSON.") from None


def _fitted(text: str) -> str:
    """Return a text that every model takes: not blank, not too long, without half characters."""
    if not text.strip():
        return NO_RESULT
    text = repair_surrogates(text)
    kept = text[:MAX_RESULT_CHARACTERS]
    if len(text) > MAX_RESULT_CHARACTERS:
        kept += f"\n[cut: {len(text)} characters in all]"
    return kept
