from __future__ import annotations

import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fulfillment import Bot, Notices
from fulfillment.errors import HandlerError, ModelInterrupted, ModelUnavailable
from fulfillment.models.base import ModelStream
from fulfillment.settings import Settings
from fulfillment.streaming.stream import Chunks
from fulfillment.testing import ScriptedModel, memory, run
from fulfillment.testing.events import Hook
from fulfillment.turn import Turn
from tests.fakes import FakeMemory

ROOT = Path(__file__).resolve().parents[3]


def bot_that_says(*chunks: str | int | ValueError) -> Bot:
    """Return a bot whose fallback yields these chunks, and raises those that are errors."""
    bot = Bot()

    @bot.fallback
    def say(turn: Turn) -> Iterator[Any]:
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    return bot


class Unreachable:
    """A model that no test may ask."""

    def ask(self, prompt: Any) -> ModelStream:
        raise AssertionError("asked")


# --- what it needs, and how long it takes

# Runs as somebody's test would who has never heard of AWS; what connects anywhere fails.
ALONE = """
import sys
def watch(name, _):
    assert name not in ("socket.connect", "socket.getaddrinfo"), name
sys.addaudithook(watch)
from fulfillment import Bot
from fulfillment.testing import run
result = run(Bot(), "Hello?", model="Hello.")
assert result.reply == "Hello.", result
assert "boto3" not in sys.modules
"""


@pytest.mark.slow
def test_a_turn_needs_no_aws_and_no_network() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=ROOT, env={}, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "chosen",
    [Settings(), Settings(plain_frames=True), Settings(waiting_text="One moment…")],
    ids=["defaults", "plain-frames", "waiting-text"],
)
def test_a_turn_takes_milliseconds(chosen: Settings) -> None:
    bot = bot_that_says("Looking *it* up…\n\n", "# ", "It is **there**.", " **")
    started = time.perf_counter()
    for _ in range(100):
        run(bot, "Where is it?", settings=chosen)
    # A turn that waits for its interval between two flushes takes a tenth of a second or more.
    assert time.perf_counter() - started < 10


def test_a_bot_stays_as_it_was() -> None:
    bot = bot_that_says("Hello.")
    before = dict(vars(bot))
    run(bot, "Hello?")
    assert vars(bot) == before
    assert before["_middleware"] == []


@pytest.mark.parametrize("hook", ["FulfillmentCodeHook", "DialogCodeHook"])
def test_where_nothing_fails_nothing_is_printed(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, hook: Hook
) -> None:
    bot = Bot()
    bot.intent("Order")(lambda turn: turn.ask())
    bot.error(KeyError)(lambda turn, error: "Sorry.")
    for intent in ("Order", "Odrer", "FallbackIntent"):
        run(bot, "Hello?", intent=intent, hook=hook, model="Hello.", memory=memory())
    assert capsys.readouterr() == ("", "")
    assert caplog.records == []


# --- what goes wrong


def shout(turn: Turn) -> None:
    raise KeyError("OrderId")


def whisper(turn: Turn) -> Iterator[str]:
    yield "One. "
    raise KeyError("OrderId")


@pytest.mark.parametrize("function", [shout, whisper])
@pytest.mark.parametrize("hook", ["FulfillmentCodeHook", "DialogCodeHook"])
def test_what_a_handler_raises_fails_the_test(function: Callable[..., Any], hook: Hook) -> None:
    bot = Bot()
    bot.intent("TrackOrder")(function)
    bot.dialog("TrackOrder")(function)
    with pytest.raises(KeyError) as raised:
        run(bot, "Where is it?", intent="TrackOrder", hook=hook)
    assert traceback.extract_tb(raised.value.__traceback__)[-1].name == function.__name__
    assert not hasattr(raised.value, "__notes__")


def test_what_middleware_raises_fails_the_test_too() -> None:
    bot = bot_that_says("Hello.")

    @bot.middleware
    def careless(turn: Turn, handler: Callable[..., Chunks]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(bot, "Hello?")


def test_an_answer_that_is_no_text_fails_the_test() -> None:
    with pytest.raises(HandlerError, match="yields text, not int"):
        run(bot_that_says(1), "Hello?")


def test_a_dialogs_text_that_lex_would_not_say_fails_the_test() -> None:
    bot = Bot()
    bot.dialog("TrackOrder")(lambda turn: "Checking your order…")
    with pytest.raises(HandlerError, match="elicit, confirm or close to have it said"):
        run(bot, "Where is it?", intent="TrackOrder", hook="DialogCodeHook")


def test_what_a_function_catches_is_its_own_business() -> None:
    bot = Bot()

    @bot.fallback
    def careful(turn: Turn) -> Iterator[str]:
        try:
            yield from turn.ask()
        except ModelUnavailable:
            yield "The model is away."

    result = run(bot, "Hello?", model=[ModelUnavailable("busy")])
    assert (result.reply, result.error) == ("The model is away.", None)


def test_without_raising_it_ends_as_for_a_user() -> None:
    error = ValueError()
    result = run(bot_that_says("One. ", error), "Hello?", raise_errors=False)
    assert result.reply == f"One.\n\n{Notices().interrupted}"
    assert result.error is error
    result = run(bot_that_says(error), "Hello?", raise_errors=False)
    assert (result.reply, result.intent_state) == (Notices().failed, "Failed")


def test_a_scripted_failure_ends_as_for_a_user() -> None:
    error = ModelInterrupted("the stream broke")
    result = run(Bot(), "Hello?", model=["Hel", error])
    assert result.reply == f"Hel\n\n{Notices().interrupted}"
    assert (result.chunks, result.error) == (("Hel",), error)


def test_a_misspelt_intent_is_pointed_out() -> None:
    bot = Bot()
    bot.intent("TrackOrder", "Cancel")(shout)
    with pytest.raises(AssertionError) as raised:
        run(bot, "Where is it?", intent="TrackOder")
    (note,) = raised.value.__notes__
    assert "no handler for the intent 'TrackOder', so its fallback answered" in note
    assert "It has handlers for: Cancel, TrackOrder." in note


def test_an_intent_without_handler_is_for_the_fallback() -> None:
    bot = Bot()
    bot.fallback(lambda turn: f"No {turn.intent} here.")
    assert run(bot, "Hello?", intent="Greet").reply == "No Greet here."


def test_a_dialog_that_has_no_handler_is_left_to_lex() -> None:
    result = run(Bot(), "Book!", intent="Book", hook="DialogCodeHook")
    assert (result.action, result.reply, result.chunks) == ("Delegate", "", ())


def test_a_turn_is_cut_when_no_time_is_left() -> None:
    over = threading.Event()
    bot = Bot()

    @bot.fallback
    def slow(turn: Turn) -> Iterator[str]:
        yield "One sentence. "
        over.wait(10)
        yield "Another."

    result = run(bot, "Hello?", remaining_ms=1600)
    over.set()
    assert result.reply == f"One sentence.\n\n{Notices().cut}"
    assert result.chunks == ("One sentence. ",)


# --- the model


@pytest.mark.parametrize("script", ["", [], [""]])
def test_a_model_may_say_nothing(script: str | list[str]) -> None:
    result = run(Bot(), "Hello?", model=script)
    assert (result.reply, len(result.prompts)) == (Notices().empty, 1)


def test_the_script_is_for_whatever_model_is_asked() -> None:
    """No test reaches a knowledge base or an agent by mistake."""
    bot = Bot(model=Unreachable())

    @bot.fallback
    def answer(turn: Turn) -> Iterator[Any]:
        yield from turn.ask()
        yield from turn.ask("And the knowledge base?", model=Unreachable())

    result = run(bot, "Hello?", model=ScriptedModel("One. ", "Two."))
    assert result.reply == "One. Two."
    assert [prompt.messages[-1].text for prompt in result.prompts] == [
        "Hello?",
        "And the knowledge base?",
    ]


def test_no_model_is_asked_without_a_script() -> None:
    bot = Bot(model=Unreachable())
    bot.intent("Help")(lambda turn: turn.ask(model=Unreachable()))
    for intent in ("FallbackIntent", "Help"):
        with pytest.raises(AssertionError, match="asked 1 times, and its script has 0 answers"):
            run(bot, "Hello?", intent=intent)


def test_a_scripted_model_goes_on_in_the_next_turn() -> None:
    model = ScriptedModel("One.", "Two.")
    replies = [run(Bot(), "Hello?", model=model) for _ in range(2)]
    assert [each.reply for each in replies] == ["One.", "Two."]
    assert [len(each.prompts) for each in replies] == [1, 1]
    assert len(model.prompts) == 2


# --- conversations and settings


def test_session_attributes_make_a_conversation() -> None:
    kept = memory()
    first = run(Bot(), "My name is Ada.", model="Hello Ada.", memory=kept)
    attributes = first.session_attributes
    second = run(Bot(), "And?", model="Ada.", memory=kept, session_attributes=attributes)
    assert [message.text for message in second.prompts[0].messages] == [
        "My name is Ada.",
        "Hello Ada.",
        "And?",
    ]
    stranger = run(Bot(), "And?", model="Who?", memory=kept)
    assert [message.text for message in stranger.prompts[0].messages] == ["And?"]


def test_a_bot_with_a_memory_of_its_own_keeps_it() -> None:
    own, other = FakeMemory(), FakeMemory()
    run(Bot(memory=own), "Hello?", model="Hello.", memory=other)
    assert (own.saves, other.saves) == (1, 0)


def test_settings_are_those_of_the_turn() -> None:
    chosen = Settings(system_prompt="Be brief.", max_tokens=7)
    (prompt,) = run(Bot(), "Hello?", model="Hello.", settings=chosen).prompts
    assert (prompt.system, prompt.max_tokens) == ("Be brief.", 7)
