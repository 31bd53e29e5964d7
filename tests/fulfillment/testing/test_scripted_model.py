from __future__ import annotations

import threading
from threading import Event
from typing import Any

import pytest

from fulfillment.models.base import Completion, Message, Prompt, StopReason, ToolCall
from fulfillment.testing import ScriptedModel
from tests.completions import completion_of

PROMPT = Prompt((Message("user", "Hello?"),))
CALL = ToolCall("call-1", "double", {"number": 1})
OTHER_CALL = ToolCall("call-2", "double", {"number": 2})
ENDED = Completion("m", StopReason.MAX_TOKENS)


def calls_of(model: ScriptedModel, count: int) -> list[list[str]]:
    """Return what a model writes at each of so many calls."""
    return [list(model.ask(PROMPT)) for _ in range(count)]


@pytest.mark.parametrize(
    ("scripts", "calls"),
    [
        (["Hello."], [["Hello."]]),
        ([["Hel", "lo."]], [["Hel", "lo."]]),
        (["One.", "Two."], [["One."], ["Two."]]),
        ([["See: ", CALL, "It is ", "two."]], [["See: "], ["It is ", "two."]]),
        ([[CALL, OTHER_CALL, "Four."]], [[], ["Four."]]),
        ([[CALL], [OTHER_CALL], "Four."], [[], [], ["Four."]]),
        ([["Hel", ENDED, "lo."]], [["Hel"], ["lo."]]),
        ([""], [[""]]),
        ([[]], [[]]),
    ],
)
def test_text_after_tool_calls_is_the_next_call(scripts: list[Any], calls: list[list[str]]) -> None:
    assert calls_of(ScriptedModel(*scripts), len(calls)) == calls


def test_it_keeps_what_it_was_asked_and_answered() -> None:
    model = ScriptedModel(["See: ", CALL, OTHER_CALL, "Two."])
    calls_of(model, 2)
    assert model.prompts == [PROMPT, PROMPT]
    first, second = (completion_of(stream) for stream in model.streams)
    assert (first.stop_reason, first.tool_calls) == (StopReason.TOOL_USE, (CALL, OTHER_CALL))
    assert (second.stop_reason, second.tool_calls) == (StopReason.END_TURN, ())


def test_a_script_says_how_a_call_ended() -> None:
    model = ScriptedModel(["Hel", ENDED])
    assert calls_of(model, 1) == [["Hel"]]
    assert model.streams[0].completion is ENDED


def test_a_script_says_what_is_raised() -> None:
    model = ScriptedModel(["Hel", ZeroDivisionError(), "lo."])
    chunks = iter(model.ask(PROMPT))
    assert next(chunks) == "Hel"
    with pytest.raises(ZeroDivisionError):
        next(chunks)
    assert model.streams[0].completion is None


@pytest.mark.parametrize("repeats", [False, True])
def test_a_call_beyond_the_script_is_a_mistake(repeats: bool) -> None:
    with pytest.raises(AssertionError, match=r"asked 1 times, .* 0 answers: .* model='Hello\.'"):
        ScriptedModel(repeats=repeats).ask(PROMPT)
    model = ScriptedModel("One.")
    model.ask(PROMPT)
    with pytest.raises(AssertionError, match="asked 2 times, .* 1 answers"):
        model.ask(PROMPT)


def test_the_last_script_may_be_for_all_further_calls() -> None:
    model = ScriptedModel("One.", "Two.", repeats=True)
    assert calls_of(model, 4) == [["One."], ["Two."], ["Two."], ["Two."]]


def test_a_model_waits_for_an_event() -> None:
    event = threading.Event()
    written: list[str] = []
    stream = ScriptedModel(["One.", event, "Two."]).ask(PROMPT)
    reader = threading.Thread(target=lambda: written.extend(stream))
    reader.start()
    event.set()
    reader.join(5)
    assert written == ["One.", "Two."]


@pytest.mark.parametrize("script", [["One", "Two"], ["One", threading.Event(), "Two"]])
def test_a_model_that_is_stopped_writes_no_more(script: list[str | Event]) -> None:
    stream = ScriptedModel(script).ask(PROMPT)
    chunks = iter(stream)
    assert next(chunks) == "One"
    stream.close()
    assert list(chunks) == []
    assert stream.completion is None
