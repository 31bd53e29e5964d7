from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from fulfillment.errors import ModelError, ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Message, Prompt
from fulfillment.models.fallback import FallbackModel, FallbackStream
from fulfillment.testing import ScriptedModel
from tests.completions import completion_of
from tests.log_records import logged

PROMPT = Prompt((Message("user", "Hi"),))
BUSY = ModelUnavailable("ThrottlingException")
REFUSED = ModelRejected("ValidationException")


def ask(
    *models: ScriptedModel, first_sign_seconds: float = 5.0, seconds_left: float = 5.0
) -> FallbackStream:
    model = FallbackModel(models, first_sign_seconds, pause_seconds=0.001)
    return model.ask(PROMPT._replace(seconds_left=seconds_left))


def test_a_model_that_answers_is_asked_once() -> None:
    model = ScriptedModel(["Hel", "lo"])
    answer = ask(model)
    assert list(answer) == ["Hel", "lo"]
    assert len(model.prompts) == 1
    assert completion_of(answer).stop_reason == "end_turn"


def test_a_busy_model_is_asked_again_and_again() -> None:
    assert list(ask(ScriptedModel([BUSY], [BUSY], ["", BUSY], [BUSY], ["Hello"]))) == ["", "Hello"]


def test_a_busy_model_gives_way() -> None:
    first, second = ScriptedModel([BUSY], repeats=True), ScriptedModel("Hello")
    assert list(ask(first, second)) == ["Hello"]
    assert len(first.prompts) == 1


def test_a_model_that_refuses_is_not_asked_again() -> None:
    first, second = ScriptedModel([REFUSED], repeats=True), ScriptedModel([BUSY], [BUSY], ["Hello"])
    assert list(ask(first, second)) == ["Hello"]
    assert len(first.prompts) == 1


def test_why_a_model_refused_is_logged_though_another_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        list(ask(ScriptedModel([REFUSED], repeats=True), ScriptedModel("Hello")))
    (record,) = logged(caplog)
    assert (record.error, record.reason) == ("ModelRejected", "ValidationException")


def test_the_last_reason_is_raised() -> None:
    with pytest.raises(ModelUnavailable):
        list(ask(ScriptedModel([BUSY], repeats=True), seconds_left=0.1))
    with pytest.raises(ModelRejected):
        list(ask(ScriptedModel([BUSY], [REFUSED])))


def test_nothing_is_tried_again_after_some_text() -> None:
    model = ScriptedModel(["Once upon", ModelInterrupted("reset")])
    chunks = iter(ask(model, ScriptedModel("a whole other story")))
    assert next(chunks) == "Once upon"
    with pytest.raises(ModelInterrupted):
        next(chunks)
    assert len(model.prompts) == 1


def test_a_silent_call_loses_to_a_fresh_one() -> None:
    silent = threading.Event()
    model = ScriptedModel([silent, "too late"], ["Hello"])
    assert list(ask(model, first_sign_seconds=0.01)) == ["Hello"]
    assert model.streams[0].closed.is_set()


def test_a_slow_call_wins_over_one_that_is_slower() -> None:
    slow, slower = threading.Event(), threading.Event()
    model = ScriptedModel([slow, "Hello"], [slower, "too late"])
    answer = ask(model, first_sign_seconds=0.01)
    read: list[Any] = []
    reader = threading.Thread(target=lambda: read.extend(answer))
    reader.start()
    while len(model.streams) < 2:
        reader.join(0.005)
    slow.set()
    reader.join(5)
    assert read == ["Hello"]
    assert model.streams[1].closed.is_set()


def test_a_call_that_was_left_is_not_heard_any_more() -> None:
    left = threading.Event()
    model = ScriptedModel([left, "left"], ["", left, BUSY], ["Hello"])
    chunks = iter(ask(model, first_sign_seconds=0.01))
    assert next(chunks) == ""
    assert model.streams[0].closed.is_set()
    left.set()
    assert list(chunks) == ["Hello"]


def test_an_empty_chunk_is_sign_of_life_enough() -> None:
    thinking = threading.Event()
    model = ScriptedModel(["", thinking, "Hello"])
    chunks = iter(ask(model, first_sign_seconds=2.0))
    assert next(chunks) == ""
    thinking.set()
    assert list(chunks) == ["Hello"]


def test_a_silence_ends_with_the_turn() -> None:
    with pytest.raises(ModelUnavailable, match="no sign of life"):
        list(ask(ScriptedModel([threading.Event()], repeats=True), seconds_left=0.02))


def test_a_closed_stream_ends_though_its_call_hangs() -> None:
    never = threading.Event()
    answer = ask(ScriptedModel(["a", never]))
    chunks = iter(answer)
    assert next(chunks) == "a"
    answer.close()
    assert list(chunks) == []


def test_a_stream_that_is_closed_while_it_waits_ends() -> None:
    answer, read = ask(ScriptedModel([threading.Event()], repeats=True)), []
    reader = threading.Thread(target=lambda: read.append(list(answer)))
    reader.start()
    answer.close()
    reader.join(5)
    assert read == [[]]


def test_a_closed_stream_asks_no_model() -> None:
    model = ScriptedModel("Hello")
    answer = ask(model)
    answer.close()
    assert list(answer) == []
    assert model.prompts == []


def test_an_unexpected_error_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(ask(ScriptedModel([ZeroDivisionError()])))


def test_without_a_model_there_is_a_clear_error() -> None:
    with pytest.raises(ModelError, match="no model"):
        list(ask())


def test_a_prompt_of_no_turn_is_answered() -> None:
    assert list(FallbackModel([ScriptedModel("Hello")]).ask(PROMPT)) == ["Hello"]
