"""What is noted of a function's calls."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import anyio
import pytest

from fulfillment import Bot, Turn
from fulfillment.testing import event
from websocket_stack.local.functions.function import FunctionError
from websocket_stack.local.journal.journal import Journal
from websocket_stack.local.journal.watching import LogLines, Observer


class FakeFunction:
    """A function that returns, or raises."""

    def __init__(self, result: object) -> None:
        self._result = result

    async def invoke(self, event: Mapping[str, Any]) -> bytes:
        if isinstance(self._result, Exception):
            raise FunctionError("Unhandled") from self._result
        return json.dumps(self._result).encode()


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
    for handler in map(observer.handler_of, (bot, bot.lambda_handler)):
        invocation = observer.journal.begin("bot", {})
        handler(event("Hello"), None)
        observer.journal.end(invocation)
        assert invocation.turn is not None and invocation.turn["outcome"] == "failed"
        assert [failure.sentence for failure in invocation.failures] == ["ValueError: no table"]
    assert "no table" not in capsys.readouterr().out


def test_another_handler_stays_as_it_is() -> None:
    def handler(event: object, context: object) -> object:
        return event

    assert Observer(Journal()).handler_of(handler) is handler


def test_lines_of_the_log_are_noted_and_written() -> None:
    journal, lines = Journal(), list[str]()
    invocation = journal.begin("bot", {})
    logger = logging.Logger("any", logging.INFO)
    logger.addHandler(LogLines(journal, lines.append))
    logger.warning("a tool failed", extra={"error": "KeyError"})

    assert lines == invocation.log == ["warning: a tool failed (error: KeyError)"]
