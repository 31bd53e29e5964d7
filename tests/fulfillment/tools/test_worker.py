from __future__ import annotations

import functools
import itertools
import json
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from fulfillment.errors import LexStreamingError
from fulfillment.models.base import ToolResult
from fulfillment.tools import ToolFailed
from fulfillment.tools.worker import Worker
from tests.log_records import logged

SECRET = "the secret of table orders-7"


def work(function: Any, **arguments: Any) -> tuple[list[str], ToolResult]:
    """Call a function; return what it yielded and its result."""
    worker = Worker("call-1", function, arguments)
    progress = []
    while isinstance(output := worker.wait(5), str):
        progress.append(output)
    assert output and output.call_id == "call-1"
    return progress, output


def text_of(function: Callable[..., Any]) -> str:
    """Return the result of a call that does not fail."""
    _, result = work(function)
    assert not result.failed
    return result.text


def failure_of(function: Any) -> str:
    """Return what the model is told of a call that fails."""
    _, result = work(function)
    assert result.failed
    return result.text


# --- steps


def find_books(subject: str, limit: int = 3) -> Generator[str, None, list[str]]:
    yield f"Looking for {subject}…\n"
    yield "Sorting…\n"
    return [f"{subject} {number}" for number in range(limit)]


def test_yields_are_progress_the_return_is_the_result() -> None:
    progress, result = work(find_books, subject="Tea", limit=2)
    assert progress == ["Looking for Tea…\n", "Sorting…\n"]
    assert result == ToolResult("call-1", '["Tea 0", "Tea 1"]')


def test_progress_is_there_before_the_tool_goes_on() -> None:
    shown = threading.Event()

    def slow() -> Generator[str, None, str]:
        yield "Looking…"
        assert shown.wait(5)
        return "Found."

    worker = Worker("call-1", slow, {})
    assert worker.wait(5) == "Looking…"
    shown.set()
    assert worker.wait(5) == ToolResult("call-1", "Found.")


def test_a_generator_that_is_left_is_closed() -> None:
    steps = []
    closed = threading.Event()

    def endless() -> Iterator[str]:
        try:
            for number in itertools.count():
                steps.append(number)
                yield str(number)
        finally:
            closed.set()

    worker = Worker("call-1", endless, {})
    assert [worker.wait(5), worker.wait(5)] == ["0", "1"]
    worker.leave()
    assert closed.wait(5)
    assert steps == [0, 1]


def test_nothing_waits_for_a_tool_that_hangs() -> None:
    never, ended = threading.Event(), threading.Event()

    def hanging() -> None:
        never.wait(60)
        ended.set()

    worker = Worker("call-1", hanging, {})
    assert worker.wait(0.01) is None
    worker.leave()
    assert not ended.is_set()
    never.set()


# --- failures


def raising(error: BaseException) -> Callable[..., None]:
    def tool() -> None:
        raise error

    return tool


def raising_later(error: BaseException) -> Callable[..., Iterator[str]]:
    def tool() -> Iterator[str]:
        yield "Looking…"
        raise error

    return tool


@pytest.mark.parametrize("make", [raising, raising_later])
@pytest.mark.parametrize(
    "error", [ValueError(SECRET), SystemExit(SECRET), LexStreamingError(SECRET), KeyError(SECRET)]
)
def test_of_an_error_the_model_learns_the_type_alone(
    make: Callable[..., Any], error: BaseException
) -> None:
    assert failure_of(make(error)) == f"The tool failed: {type(error).__name__}."


@pytest.mark.parametrize("make", [raising, raising_later])
def test_a_tool_can_tell_the_model_why_it_failed(make: Callable[..., Any]) -> None:
    assert failure_of(make(ToolFailed("There is no order A-100."))) == "There is no order A-100."
    assert failure_of(make(ToolFailed())) == "The tool failed."


def test_a_failure_is_logged_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    failure_of(raising(ValueError(SECRET)))
    failure_of(raising(ToolFailed(SECRET)))
    (record,) = logged(caplog)
    assert record.error == "ValueError"
    assert "test_worker.py" in record.raised_at
    assert SECRET not in str(vars(record))


def test_stop_iteration_is_a_failure_like_any_other() -> None:
    assert failure_of(raising(StopIteration(SECRET))) == "The tool failed: StopIteration."


@pytest.mark.parametrize("line", [None, 5, b"x"])
def test_progress_is_text(line: bytes | int | None) -> None:
    def tool() -> Iterator[bytes | int | None]:
        yield line

    assert failure_of(tool) == "The tool failed: HandlerError."


# --- results


class Unwritable:
    def __str__(self) -> str:
        raise ValueError(SECRET)


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("As it is.", "As it is."),
        ({"ü": [1, None, True]}, '{"ü": [1, null, true]}'),
        ([], "[]"),
        (0, "0"),
        (False, "false"),
        (Unwritable, json.dumps(str(Unwritable))),
        (None, ""),
    ],
)
def test_a_result_is_text_or_json(result: Any, text: str) -> None:
    assert text_of(lambda: result) == text


def deep() -> list[list[list[list[Any]]]]:
    """Return a list in a list in a list, deeper than JSON can be written."""
    return functools.reduce(lambda inner, _: [inner], range(100_000), [])


@pytest.mark.parametrize("function", [lambda: LOOP, lambda: {(1, 2): 3}, deep, Unwritable])
def test_a_result_that_is_not_json_is_a_failure(function: Any) -> None:
    assert failure_of(function) == "The result could not be written as JSON."
