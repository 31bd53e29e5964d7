from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.errors import ToolError
from fulfillment.models.base import NO_RESULT, ToolCall, ToolResult
from fulfillment.tools import Tool, ToolFailed
from fulfillment.tools.toolbox import MAX_RESULT_CHARACTERS, Toolbox
from tests.fakes import FakeClock

SECRET = "the secret of table orders-7"


def order_status(order_id: str, verbose: bool = False) -> str:
    """Look up an order."""
    return f"{order_id} is on its way" + ", by lorry" * verbose


def find_books(subject: str) -> Generator[str, None, str]:
    """Find books."""
    yield f"Looking for {subject}…\n"
    return f"{subject} 1"


def finish(running: Iterator[Any]) -> tuple[list[str], ToolResult]:
    """Read a running call to its end; return its progress and its result."""
    progress = []
    while True:
        try:
            progress.append(next(running))
        except StopIteration as stop:
            return progress, stop.value


def run(
    tools: Sequence[Callable[..., Any] | Tool],
    name: str,
    arguments: Mapping[str, object] | None,
    *,
    seconds: float = 5.0,
    clock: FakeClock | None = None,
) -> tuple[list[str], ToolResult]:
    toolbox = Toolbox(tools, clock) if clock else Toolbox(tools)
    return finish(toolbox.run(ToolCall("call-1", name, arguments), seconds))


def run_only(
    function: Callable[..., Any],
    *,
    seconds: float = 5.0,
    clock: FakeClock | None = None,
    **arguments: Any,
) -> tuple[list[str], ToolResult]:
    """Run a function as the only tool."""
    tool = Tool(function, name="tool", description="x")
    return run([tool], "tool", arguments, seconds=seconds, clock=clock)


def failure(text: str) -> ToolResult:
    return ToolResult("call-1", text, failed=True)


def test_a_model_sees_all_tools() -> None:
    specs = Toolbox([order_status, Tool(find_books, name="books")]).specs
    assert [spec.name for spec in specs] == ["order_status", "books"]


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ToolError, match="two tools are called order_status"):
        Toolbox([order_status, Tool(find_books, name="order_status")])


def test_a_function_that_cannot_be_a_tool_is_refused() -> None:
    with pytest.raises(ToolError, match="cannot be the name"):
        Toolbox([lambda: None])


def test_a_call_runs_its_tool() -> None:
    assert run([order_status, find_books], "order_status", {"order_id": 1, "verbose": "true"}) == (
        [],
        ToolResult("call-1", "1 is on its way, by lorry"),
    )
    assert run([order_status, find_books], "find_books", {"subject": "Tea"}) == (
        ["Looking for Tea…\n"],
        ToolResult("call-1", "Tea 1"),
    )


def test_a_model_is_told_what_is_wrong() -> None:
    text = "Wrong arguments: order_id is missing."
    assert run([order_status], "order_status", {}) == ([], failure(text))


def test_a_model_is_told_which_tools_there_are() -> None:
    text = "There is no tool orders. There are: order_status, find_books."
    assert run([order_status, find_books], "orders", {}) == ([], failure(text))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=3,
)


@given(
    st.sampled_from(["order_status", "order status", ""]) | st.text(max_size=3),
    st.none() | st.dictionaries(st.sampled_from(["order_id", "verbose"]) | st.text(), JSON),
)
def test_whatever_a_model_writes_gets_a_result(name: str, arguments: dict[str, Any] | None) -> None:
    ran = []

    def order_status(order_id: str, verbose: bool = False) -> str:
        """Look up an order."""
        ran.append((order_id, verbose))
        return "There."

    _, result = run([order_status], name, arguments)
    assert result.call_id == "call-1"
    assert result.text.strip()
    assert result.failed == (not ran)
    assert all(type(order_id) is str and type(verbose) is bool for order_id, verbose in ran)


@dataclass
class Even:
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError(SECRET)


def test_an_arguments_type_may_refuse_a_value() -> None:
    def half(of: Even) -> int:
        return of.number // 2

    assert run_only(half, of={"number": 4})[1].text == "2"
    assert run_only(half, of={"number": 3})[1] == failure("The tool failed: ValueError.")


# --- progress


def test_a_tool_may_announce_each_call() -> None:
    tool = Tool(order_status, progress="Looking up the order…\n")
    assert run([tool], "order_status", {"order_id": "A"})[0] == ["Looking up the order…\n"]
    assert run([tool], "order_status", {})[0] == []


def test_closing_a_call_does_not_wait_for_it() -> None:
    never, ended = threading.Event(), threading.Event()

    def hanging() -> Iterator[str]:
        """Hang."""
        yield "Looking…"
        never.wait(60)
        ended.set()

    running = Toolbox([hanging]).run(ToolCall("call-1", "hanging", {}), 60)
    next(running)
    running.close()
    assert not ended.is_set()
    never.set()


# --- time


def test_a_tool_that_does_not_finish_is_left() -> None:
    never = threading.Event()

    def hanging() -> None:
        never.wait(60)

    _, result = run_only(hanging, seconds=0.01)
    never.set()
    assert result == failure("The tool did not finish in 0.01 seconds.")


def test_progress_does_not_prolong_a_call() -> None:
    clock = FakeClock()

    def endless() -> Iterator[str]:
        while True:
            clock.advance(4)
            yield str(clock.now)

    progress, result = run_only(endless, seconds=10, clock=clock)
    assert progress == ["4.0", "8.0", "12.0"]
    assert result == failure("The tool did not finish in 10 seconds.")


@pytest.mark.parametrize("seconds", [0, -3.5])
def test_with_no_time_left_a_tool_is_not_called(seconds: float) -> None:
    called = []
    tool = Tool(lambda: called.append(1), name="act", description="Act.", progress="Acting…")
    text = "The tool was not called: there is no time left."
    assert run([tool], "act", {}, seconds=seconds) == ([], failure(text))
    assert not called


# --- results


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("As it is.", "As it is."),
        (None, NO_RESULT),
        ("", NO_RESULT),
        (" \n", NO_RESULT),
        ("halves \ud83d\ude00, \ud83d", "halves 😀, \ufffd"),
    ],
)
def test_a_result_is_whole_and_never_blank(result: str | None, text: str) -> None:
    assert run_only(lambda: result)[1] == ToolResult("call-1", text)


def test_a_long_result_is_cut_and_says_so() -> None:
    text = run_only(lambda: "x" * 1_000_000)[1].text
    assert text == "x" * MAX_RESULT_CHARACTERS + "\n[cut: 1000000 characters in all]"
    assert run_only(lambda: "x" * MAX_RESULT_CHARACTERS)[1].text == "x" * MAX_RESULT_CHARACTERS


def test_a_long_message_is_cut_too() -> None:
    def tool() -> None:
        raise ToolFailed("x" * 1_000_000)

    text = run_only(tool)[1].text
    assert re.fullmatch(r"x{20000}\n\[cut: 1000000 characters in all\]", text)
