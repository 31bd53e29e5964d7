"""One call of a tool on a thread of its own, so that a tool that hangs can be abandoned."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Mapping
from queue import Empty, SimpleQueue
from typing import Any

from fulfillment.errors import HandlerError
from fulfillment.logs import log_failure
from fulfillment.models.base import ToolResult
from fulfillment.tools.tool import ToolFailed
from fulfillment.tools.type_hints import Function


class Worker:
    """A thread that calls a function, and starts at once.

    Where the function is a generator, each of its steps is taken when it is waited for, and none
    after the call was left.

    Args:
        call_id: the id of the model's call.
        function: what to call.
        arguments: its arguments, by name.
    """

    def __init__(self, call_id: str, function: Function, arguments: Mapping[str, Any]) -> None:
        self._call_id = call_id
        self._function = function
        self._arguments = arguments
        self._due_steps = threading.Semaphore(0)
        self._left = False
        self._output: SimpleQueue[str | ToolResult] = SimpleQueue()
        threading.Thread(target=self._work, name="tool", daemon=True).start()

    def wait(self, seconds: float) -> str | ToolResult | None:
        """Return the next text for the user, or the result; ``None`` if neither comes in time."""
        self._due_steps.release()
        try:
            return self._output.get(timeout=seconds)
        except Empty:
            return None

    def leave(self) -> None:
        """Let the thread end as soon as it can; does not wait for it."""
        self._left = True
        self._due_steps.release()

    def _work(self) -> None:
        try:
            result = ToolResult(self._call_id, _text_of(self._call()))
        # Whatever a tool raises, SystemExit included, ends this call and no other.
        except BaseException as exc:
            result = failure(self._call_id, exc)
        self._output.put(result)

    def _call(self) -> object:
        returned = self._function(**self._arguments)
        if not isinstance(returned, Generator):
            return returned
        try:
            while self._due_steps.acquire() and not self._left:
                text = next(returned)
                if not isinstance(text, str):
                    raise HandlerError(f"a tool yields text, not {type(text).__name__}")
                self._output.put(text)
        except StopIteration as stop:
            return stop.value
        finally:
            returned.close()
        return None


def failure(call_id: str, error: BaseException) -> ToolResult:
    """Return what the model is told of an error: its message only if it is meant for the model."""
    if isinstance(error, ToolFailed):
        text = str(error).strip() or "The tool failed."
    else:
        log_failure("a tool failed", error)
        text = f"The tool failed: {type(error).__name__}."
    return ToolResult(call_id, text, failed=True)


def _text_of(returned: object) -> str:
    if returned is None or isinstance(returned, str):
        return returned or ""
    try:
        return json.dumps(returned, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        raise ToolFailed("The result could not be written as JSON.") from None
