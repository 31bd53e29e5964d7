import threading

import pytest

from fulfillment.errors import ModelError, ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Message, Prompt
from fulfillment.models.fallback import FallbackModel
from fulfillment.testing import ScriptedModel
from fulfillment.testing.scripted_model import ScriptedStream

PROMPT = Prompt((Message("user", "Hi"),))
BUSY = ModelUnavailable("ThrottlingException")
REFUSED = ModelRejected("ValidationException")


class Scripts:
    """A model that plays another script at each try."""

    def __init__(self, *scripts):
        self._scripts = iter(scripts)
        self.streams = []

    def ask(self, prompt):
        self.streams.append(ScriptedStream(next(self._scripts)))
        return self.streams[-1]


def ask(*models, first_sign_seconds=5.0):
    return FallbackModel(models, first_sign_seconds, pause_seconds=0).ask(PROMPT)


def test_a_model_that_answers_is_asked_once():
    model = ScriptedModel(["Hel", "lo"])
    answer = ask(model)
    assert list(answer) == ["Hel", "lo"]
    assert len(model.prompts) == 1
    assert answer.completion.stop_reason == "end_turn"


def test_a_busy_model_is_asked_again():
    assert list(ask(Scripts([BUSY], ["Hello"]))) == ["Hello"]


def test_a_model_that_stays_busy_gives_way():
    first, second = ScriptedModel([BUSY], repeats=True), ScriptedModel("Hello")
    assert list(ask(first, second)) == ["Hello"]
    assert len(first.prompts) == 2


def test_a_model_that_refuses_gives_way_at_once():
    first, second = ScriptedModel([REFUSED]), ScriptedModel("Hello")
    assert list(ask(first, second)) == ["Hello"]
    assert len(first.prompts) == 1


@pytest.mark.parametrize("error", [BUSY, REFUSED])
def test_the_last_models_reason_is_raised(error):
    with pytest.raises(type(error)):
        list(ask(ScriptedModel([BUSY], repeats=True), ScriptedModel([error], repeats=True)))


def test_nothing_is_tried_again_after_some_text():
    model = ScriptedModel(["Once upon", ModelInterrupted("reset")])
    chunks = iter(ask(model, ScriptedModel("a whole other story")))
    assert next(chunks) == "Once upon"
    with pytest.raises(ModelInterrupted):
        next(chunks)
    assert len(model.prompts) == 1


def test_a_silent_call_is_left_for_a_fresh_one():
    silent = threading.Event()
    model = Scripts([silent, "too late"], ["Hello"])
    assert list(ask(model, first_sign_seconds=0.01)) == ["Hello"]
    assert model.streams[0].closed.is_set()


def test_an_empty_chunk_is_sign_of_life_enough():
    thinking = threading.Event()
    model = Scripts(["", thinking, "Hello"])
    chunks = iter(ask(model, first_sign_seconds=2.0))
    assert next(chunks) == ""
    thinking.set()
    assert list(chunks) == ["Hello"]


def test_a_closed_stream_ends_though_its_call_hangs():
    never = threading.Event()
    answer = ask(Scripts(["a", never]))
    chunks = iter(answer)
    assert next(chunks) == "a"
    answer.close()
    assert list(chunks) == []


def test_a_closed_stream_asks_no_model():
    model = ScriptedModel("Hello")
    answer = ask(model)
    answer.close()
    assert list(answer) == []
    assert model.prompts == []


def test_an_unexpected_error_is_raised():
    with pytest.raises(ZeroDivisionError):
        list(ask(ScriptedModel([ZeroDivisionError()])))


def test_without_a_model_there_is_a_clear_error():
    with pytest.raises(ModelError, match="no model"):
        list(ask())
