"""The tools that a model may call in one prompt: runs each call within its time."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable

from fulfillment.errors import ToolError
from fulfillment.models.base import NO_RESULT, ToolCall, ToolResult, ToolSpec
from fulfillment.text import repair_surrogates
from fulfillment.tools.tool import Tool, ToolFailed
from fulfillment.tools.type_hints import Function
from fulfillment.tools.worker import Worker, failure

# Some 5,000 tokens, sent again with each further model call of the turn.
MAX_RESULT_CHARACTERS = 20_000


class Toolbox:
    """Tools by their names.

    Args:
        tools: tools, or functions to make tools of.
        clock: seconds, from any start.

    Raises:
        ToolError: a function cannot be a tool, or two tools have the same name.
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
        """Run a call: yield text for the user, and return the result; never raises.

        A tool that is abandoned, because its time is over or this generator is closed, is not
        stopped: its thread runs on to its next ``yield`` or its end, and its result is lost.

        Args:
            call: what the model wrote.
            seconds: how long the call may take.
        """
        try:
            result = yield from self._run(call, seconds)
        # A tool's own code, in an argument's type, or no thread to be had.
        except Exception as exc:
            result = failure(call.id, exc)
        return result._replace(text=_fitted(result.text))

    def _run(self, call: ToolCall, seconds: float) -> Generator[str, None, ToolResult]:
        until = self._clock() + seconds
        tool = self._tools.get(call.name)
        if tool is None:
            raise ToolFailed(f"There is no tool {call.name}. There are: {', '.join(self._tools)}.")
        arguments = tool.arguments(call.arguments)
        if seconds <= 0:
            raise ToolFailed("The tool was not called: there is no time left.")
        if tool.progress:
            yield tool.progress
        worker = Worker(call.id, tool.function, arguments)
        try:
            while (left := until - self._clock()) > 0:
                output = worker.wait(left)
                if isinstance(output, ToolResult):
                    return output
                if output is not None:
                    yield output
        finally:
            worker.leave()
        raise ToolFailed(f"The tool did not finish in {seconds:.3g} seconds.")


def _fitted(text: str) -> str:
    """Return a text that every model takes: not blank, not too long, no half characters."""
    if not text.strip():
        return NO_RESULT
    text = repair_surrogates(text)
    if len(text) <= MAX_RESULT_CHARACTERS:
        return text
    return f"{text[:MAX_RESULT_CHARACTERS]}\n[cut: {len(text)} characters in all]"
