"""What is noted of a function's calls."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import pytest

from fulfillment import Bot, Turn
from fulfillment.errors import ConnectionGone
from fulfillment.logs import log_failure
from fulfillment.outcome import Outcome
from fulfillment.streaming.delivery import Delivery
from fulfillment.streaming.framing import RawText
from fulfillment.streaming.pacing import Pace
from fulfillment.streaming.text_buffer import TextBuffer
from fulfillment.telemetry import TurnReport, log_turn
from fulfillment.testing import event
from fulfillment.tools.worker import failure as tool_failure
from websocket_stack.local.functions.function import FunctionError
from websocket_stack.local.journal.journal import Journal
from websocket_stack.local.journal.watching import LogLines, Observer, note


class FakeFunction:
    """A function that returns, or raises."""

    def __init__(self, result: object) -> None:
        self._result = result

    async def invoke(self, event: Mapping[str, Any]) -> bytes:
        if isinstance(self._result, Exception):
            raise FunctionError("Unhandled") from self._result
        return json.dumps(self._result).encode()


class Calling:
    """A function that calls a handler on a thread, as Lambda functions here do."""

    def __init__(self, handler: Callable[[Any], Any]) -> None:
        self._handler = handler

    async def invoke(self, event: Mapping[str, Any]) -> bytes:
        return json.dumps(await anyio.to_thread.run_sync(self._handler, event)).encode()


REPORT = TurnReport({"door": "task", "task_type": "t"}, Outcome.COMPLETED, 1.0, 2.0, TextBuffer())


def test_event_and_response_are_noted() -> None:
    observer = Observer(Journal())
    watched = observer.watched("bot", FakeFunction({"reply": "Hi"}))

    assert anyio.run(watched.invoke, {"question": "Hello"}) == b'{"reply": "Hi"}'
    (invocation,) = observer.journal.since(0)
    assert (invocation.event, invocation.response) == ({"question": "Hello"}, {"reply": "Hi"})
    assert invocation.seconds is not None


def test_a_failure_is_noted_by_its_root_and_raised() -> None:
    observer = Observer(Journal())
    with pytest.raises(FunctionError):
        anyio.run(observer.watched("bot", FakeFunction(KeyError("size"))).invoke, {})

    (invocation,) = observer.journal.since(0)
    assert [failure.sentence for failure in invocation.failures] == ["KeyError: 'size'"]


def test_a_bots_turn_is_noted_with_what_its_handler_raised(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bot = Bot()

    @bot.fallback
    def answer(turn: Turn) -> str:
        raise ValueError("no table")

    observer = Observer(Journal())
    function = Calling(lambda each: bot.lambda_handler(each, None))
    anyio.run(observer.watched("bot", function).invoke, event("Hello"))
    (invocation,) = observer.journal.since(0)
    assert invocation.turn is not None and invocation.turn["outcome"] == "failed"
    (failure,) = invocation.failures
    assert re.fullmatch(r"ValueError: no table \(test_watching\.py, line \d+\)", failure.sentence)
    assert "no table" not in capsys.readouterr().out


@pytest.mark.parametrize("for_people", [True, False])
def test_a_turn_of_any_function_is_a_line_or_logged(
    capsys: pytest.CaptureFixture[str], *, for_people: bool
) -> None:
    lines = list[str]()
    observer = Observer(Journal(), lines.append if for_people else None)
    anyio.run(observer.watched("worker", Calling(lambda each: log_turn(REPORT))).invoke, {})

    assert [line[8:] for line in lines] == [
        " task (t) completed after 1.00 s: 0 characters, not streamed"
    ] * for_people
    assert ('"_aws"' in capsys.readouterr().out) is not for_people
    assert observer.journal.since(0)[0].turn is not None


def test_a_reader_who_leaves_is_no_failure() -> None:
    delivery = Delivery(RawText(), Pace(0.2), tail="reply")
    invocation = Journal().begin("bot", {})
    for error, failed in ((ConnectionGone("gone"), []), (OSError("down"), ["delivery"])):
        delivery.error = error
        note(REPORT._replace(delivery=delivery), invocation)
        assert [failure.what for failure in invocation.failures] == failed


def test_lines_of_the_log_are_noted_and_written() -> None:
    journal, lines = Journal(), list[str]()
    invocation = journal.begin("bot", {})
    logger = logging.Logger("any", logging.INFO)
    logger.addHandler(LogLines(journal, lines.append))
    logger.warning("a tool failed", extra={"error": "KeyError"})

    assert lines == invocation.log == ["warning: a tool failed (error: KeyError)"]


def test_what_a_tool_raised_is_noted_with_its_traceback() -> None:
    def tool() -> None:
        raise KeyError("A-1")

    lines = list[str]()
    observer = Observer(Journal(), lines.append)
    invocation = observer.journal.begin("bot", {})
    with observer.reading_log():
        try:
            tool()
        except KeyError as exc:
            tool_failure("1", exc)
        log_failure("another failed", ValueError("not being handled"))
    observer.end(invocation)

    (failure,) = invocation.failures
    assert failure.what == "a tool"
    assert re.fullmatch(r"KeyError: 'A-1' \(test_watching\.py, line \d+\)", failure.sentence)
    assert "in tool" in failure.traceback
    assert [line.partition(" (")[0] for line in invocation.log] == [
        "error: a tool failed",
        "error: another failed",
    ]
    assert "A-1" not in invocation.log[0]
    assert lines[0].startswith("error: another failed (")
    assert lines[1] == "a tool failed:" and lines[-1] == "    KeyError: 'A-1'"
