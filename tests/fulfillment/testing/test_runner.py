import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import FakeMemory, FakeModel
from fulfillment import Bot, Notices
from fulfillment.errors import HandlerError, InvalidLexEvent, ModelInterrupted, ModelUnavailable
from fulfillment.lex.events import LexEvent
from fulfillment.lex.web_ui_framing import PairedText
from fulfillment.markdown.plain_text import plain
from fulfillment.settings import Settings
from fulfillment.testing.runner import (
    Completion,
    ScriptedModel,
    StopReason,
    ToolCall,
    event,
    memory,
    run,
)
from turns import taken

ROOT = Path(__file__).resolve().parents[3]


def bot_that_says(*chunks):
    """Return a bot whose fallback yields these chunks, and raises those that are errors."""
    bot = Bot()

    @bot.fallback
    def say(turn):
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    return bot


def asking(**options):
    """Return a bot that asks the model the utterance."""
    bot = Bot()
    bot.fallback(lambda turn: turn.ask(**options))
    return bot


def double(number: int):
    """Double a number.

    Args:
        number: any
    """
    return 2 * number


def doubling(number):
    return ToolCall(f"call-{number}", "double", {"number": number})


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


def test_a_turn_needs_no_aws_and_no_network():
    ran = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=ROOT, env={}, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    "chosen",
    [Settings(), Settings(plain_frames=True), Settings(waiting_text="One moment…")],
    ids=["defaults", "plain-frames", "waiting-text"],
)
def test_a_turn_takes_milliseconds(chosen):
    bot = bot_that_says("Looking *it* up…\n\n", "# ", "It is **there**.", " **")
    took = []
    for _ in range(10):
        started = time.perf_counter()
        run(bot, "Where is it?", settings=chosen)
        took.append(time.perf_counter() - started)
    # What a busy machine adds is not the turn's.
    assert min(took) < 0.05


def test_a_bot_stays_as_it_was():
    bot = bot_that_says("Hello.")
    before = dict(vars(bot))
    run(bot, "Hello?")
    assert vars(bot) == before
    assert before["_middleware"] == []


# --- what is shown

CHUNKS = st.lists(st.text(max_size=12), max_size=6)


@settings(max_examples=50, deadline=None)
@given(CHUNKS)
def test_each_chunk_leaves_by_itself(chunks):
    result = run(bot_that_says(*chunks), "Hello?")
    assert list(result.chunks) == [chunk for chunk in chunks if chunk]
    frames = [PairedText().frames(chunk, 0) for chunk in chunks if chunk]
    assert list(result.frames) == [frame.payload for pair in frames for frame in pair]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(alphabet="*_`# \nab-", max_size=6), max_size=6))
def test_plain_frames_hold_the_text_without_its_marks(chunks):
    result = run(bot_that_says(*chunks), "Hello?", settings=Settings(plain_frames=True))
    assert "".join(result.frames) == plain("".join(chunks), complete=False)


def test_a_waiting_text_is_shown_first():
    chosen = Settings(waiting_text="One moment…")
    for _ in range(5):
        result = run(bot_that_says("Here ", "it is."), "Hello?", settings=chosen)
        assert result.frames == ("One moment…", " ", "Here", " ", "it is", ".")
        assert result.reply == "Here it is."


@pytest.mark.parametrize("unwatched", [{"streaming": False}, {"input_mode": "Speech"}])
def test_where_nobody_watches_there_are_no_frames(unwatched):
    result = run(bot_that_says("Here ", "it is."), "Hello?", **unwatched)
    assert (result.chunks, result.frames) == (("Here ", "it is."), ())
    assert result.reply == "Here it is."


def test_chunks_are_what_middleware_makes_of_them():
    bot = bot_that_says("here")

    @bot.middleware
    def loud(turn, answer):
        for chunk in answer(turn):
            yield chunk.upper()

    assert run(bot, "Hello?").chunks == ("HERE",)


# --- what goes wrong


def shout(turn):
    raise KeyError("OrderId")


def whisper(turn):
    yield "One. "
    raise KeyError("OrderId")


@pytest.mark.parametrize("function", [shout, whisper])
@pytest.mark.parametrize("hook", ["FulfillmentCodeHook", "DialogCodeHook"])
def test_what_a_handler_raises_fails_the_test(function, hook):
    bot = Bot()
    bot.intent("TrackOrder")(function)
    bot.dialog("TrackOrder")(function)
    with pytest.raises(KeyError) as raised:
        run(bot, "Where is it?", intent="TrackOrder", hook=hook)
    assert traceback.extract_tb(raised.value.__traceback__)[-1].name == function.__name__
    assert not hasattr(raised.value, "__notes__")


def test_what_middleware_raises_fails_the_test_too():
    bot = bot_that_says("Hello.")

    @bot.middleware
    def careless(turn, answer):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(bot, "Hello?")


def test_an_answer_that_is_no_text_fails_the_test():
    with pytest.raises(HandlerError, match="yields text, not int"):
        run(bot_that_says(1), "Hello?")


def test_what_a_function_catches_is_its_own_business():
    bot = Bot()

    @bot.fallback
    def careful(turn):
        try:
            yield from turn.ask()
        except ModelUnavailable:
            yield "The model is away."

    result = run(bot, "Hello?", model=[ModelUnavailable("busy")])
    assert result.reply == "The model is away."


def test_without_raising_it_ends_as_for_a_user():
    result = run(bot_that_says("One. ", ValueError()), "Hello?", raise_errors=False)
    assert result.reply == f"One.\n\n{Notices().interrupted}"
    result = run(bot_that_says(ValueError()), "Hello?", raise_errors=False)
    assert (result.reply, result.intent_state) == (Notices().failed, "Failed")


def test_a_scripted_failure_ends_as_for_a_user():
    result = run(Bot(), "Hello?", model=["Hel", ModelInterrupted("the stream broke")])
    assert result.reply == f"Hel\n\n{Notices().interrupted}"
    assert result.chunks == ("Hel",)


def test_a_model_call_without_a_script_fails_the_test():
    with pytest.raises(AssertionError, match=r"asked 1 times, .* 0 answers: .* model='Hello\.'"):
        run(Bot(), "Hello?")
    bot = Bot()

    @bot.fallback
    def twice(turn):
        yield from turn.ask()
        yield from turn.ask()

    with pytest.raises(AssertionError, match="asked 2 times, .* 1 answers"):
        run(bot, "Hello?", model="Hello.")


def test_a_misspelt_intent_is_pointed_out():
    bot = Bot()
    bot.intent("TrackOrder", "Cancel")(shout)
    with pytest.raises(AssertionError) as raised:
        run(bot, "Where is it?", intent="TrackOder")
    (note,) = raised.value.__notes__
    assert "no function for the intent 'TrackOder', so its fallback answered" in note
    assert "It has functions for: Cancel, TrackOrder." in note


def test_an_intent_without_handler_is_for_the_fallback():
    bot = Bot()
    bot.fallback(lambda turn: f"No {turn.intent} here.")
    assert run(bot, "Hello?", intent="Greet").reply == "No Greet here."


def test_a_turn_is_cut_when_no_time_is_left():
    over = threading.Event()
    bot = Bot()

    @bot.fallback
    def slow(turn):
        yield "One sentence. "
        over.wait(10)
        yield "Another."

    result = run(bot, "Hello?", remaining_ms=1600)
    over.set()
    assert result.reply == f"One sentence.\n\n{Notices().cut}"
    assert result.chunks == ("One sentence. ",)


# --- the scripted model


def test_a_script_is_what_the_model_writes():
    assert run(Bot(), "Hello?", model="Hello.").chunks == ("Hello.",)
    assert run(Bot(), "Hello?", model=["Hel", "lo."]).chunks == ("Hel", "lo.")


def test_a_model_that_says_nothing_is_one_too():
    for nothing in ("", [], [""]):
        result = run(Bot(), "Hello?", model=nothing)
        assert (result.reply, len(result.prompts)) == (Notices().empty, 1)


def test_text_after_tool_calls_is_the_next_call():
    script = ["Let me see. ", doubling(1), doubling(2), "Two ", "and four."]
    result = run(asking(tools=[double]), "Double 1 and 2!", model=script)
    assert result.reply == "Let me see. \n\nTwo and four."
    assert [(told.call_id, told.text) for told in result.tool_results] == [
        ("call-1", "2"),
        ("call-2", "4"),
    ]
    assert [prompt.messages[-1].text for prompt in result.prompts] == ["Double 1 and 2!", ""]


def test_each_further_script_is_a_call_of_its_own():
    model = ScriptedModel([doubling(1)], [doubling(2)], "Four.")
    result = run(asking(tools=[double]), "Double 1 twice!", model=model)
    assert result.reply == "Four."
    assert [told.text for told in result.tool_results] == ["2", "4"]
    assert len(result.prompts) == 3


def test_tools_of_several_questions_are_told_in_order():
    bot = Bot()

    @bot.fallback
    def twice(turn):
        yield from turn.ask("First.", tools=[double])
        yield from turn.ask("Second.", tools=[double])

    model = ScriptedModel([doubling(1), "Two."], [doubling(5), "Ten."])
    result = run(bot, "Go!", model=model)
    assert [told.text for told in result.tool_results] == ["2", "10"]


def test_a_script_says_how_a_call_ended():
    cut = Completion("scripted", StopReason.MAX_TOKENS)
    assert run(Bot(), "Hello?", model=["Hel", cut]).reply == f"Hel\n\n{Notices().too_long}"


def test_a_scripted_model_goes_on_in_the_next_turn():
    model = ScriptedModel("One.", "Two.")
    replies = [run(Bot(), "Hello?", model=model) for _ in range(2)]
    assert [each.reply for each in replies] == ["One.", "Two."]
    assert [len(each.prompts) for each in replies] == [1, 1]
    assert len(model.prompts) == 2


def test_any_model_will_do():
    model = FakeModel("Hel", "lo.")
    result = run(Bot(), "Hello?", model=model)
    assert result.reply == "Hello."
    assert list(result.prompts) == model.prompts


def test_a_model_that_is_stopped_writes_no_more():
    answer = ScriptedModel(["One", "Two"]).ask(None)
    chunks = iter(answer)
    assert next(chunks) == "One"
    answer.close()
    assert list(chunks) == []
    assert answer.completion is None


# --- conversations and settings


def test_session_attributes_make_a_conversation():
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


def test_a_bot_with_a_memory_of_its_own_keeps_it():
    own, other = FakeMemory(), FakeMemory()
    run(Bot(memory=own), "Hello?", model="Hello.", memory=other)
    assert (own.saves, other.saves) == (1, 0)


def test_settings_are_those_of_the_turn():
    chosen = Settings(system_prompt="Be brief.", max_tokens=7)
    (prompt,) = run(Bot(), "Hello?", model="Hello.", settings=chosen).prompts
    assert (prompt.system, prompt.max_tokens) == ("Be brief.", 7)


def test_session_attributes_are_those_of_the_bot():
    bot = Bot()

    @bot.fallback
    def count(turn):
        turn.session_attributes["seen"] = turn.session_attributes.get("seen", "") + "I"
        return "Counted."

    first = run(bot, "Hello?")
    assert first.session_attributes == {"seen": "I"}
    second = run(bot, "Hello?", session_attributes=first.session_attributes)
    assert second.session_attributes == {"seen": "II"}


# --- results


def test_a_result_says_what_lex_does_next():
    bot = Bot()

    @bot.fallback
    def decide(turn):
        yield "Well. "
        getattr(turn, turn.utterance)(*turn.request_attributes.values())

    def decided(method, *words):
        attributes = dict(zip("abc", words, strict=False))
        result = run(bot, method, request_attributes=attributes)
        taken(result.response)
        return result.action, result.slot_to_elicit, result.intent_state, result.reply

    asked = "Well.\n\nWhich?"
    assert decided("close") == ("Close", None, "Fulfilled", "Well.")
    assert decided("confirm", "Which?") == ("ConfirmIntent", None, "InProgress", asked)
    assert decided("elicit_intent", "Which?") == ("ElicitIntent", None, None, asked)
    assert decided("elicit_slot", "S", "Which?") == ("ElicitSlot", "S", "InProgress", asked)


def test_a_result_holds_messages_and_cards_apart():
    bot = Bot()

    @bot.fallback
    def offer(turn):
        turn.add_card("Which?", buttons=[("This", "this one")])
        turn.add_message("On sale.")
        return "Two lamps."

    result = run(bot, "Lamps?")
    assert result.messages == ["Two lamps.", "On sale."]
    assert result.reply == "Two lamps.\n\nOn sale."
    assert result.cards == [{"title": "Which?", "buttons": [{"text": "This", "value": "this one"}]}]


def test_a_dialog_that_nobody_checks_is_left_to_lex():
    result = run(Bot(), "Book!", intent="Book", hook="DialogCodeHook")
    assert (result.action, result.reply, result.chunks) == ("Delegate", "", ())


# --- events


def test_an_event_is_one_that_lex_sends(load_event):
    real = load_event("console_test_window")
    made = event("Hello?", request_attributes={"a": "b"})
    assert set(made) - {"requestAttributes"} <= set(real)
    assert set(made["bot"]) == set(real["bot"])
    assert set(made["sessionState"]) <= set(real["sessionState"])


def test_an_event_says_what_was_chosen():
    options = {
        "intent": "Book",
        "slots": {"Guests": "four", "Extras": ["dog", "cake"], "Day": None},
        "hook": "DialogCodeHook",
        "confirmation": "Denied",
        "locale": "de_DE",
        "session_id": "mine",
        "session_attributes": {"a": "b"},
        "request_attributes": {"c": "d"},
    }
    parsed = LexEvent.from_dict(event("Book!", **options))
    assert (parsed.utterance, parsed.intent.name, parsed.session_id) == ("Book!", "Book", "mine")
    assert parsed.slots == {"Guests": "four", "Extras": ["dog", "cake"], "Day": None}
    assert parsed.resolutions["Guests"] == ["four"]
    assert parsed.is_dialog and parsed.intent.confirmation_state == "Denied"
    assert parsed.locale == "de_DE"
    assert parsed.session_attributes["a"] == "b" and parsed.wants_frames
    assert parsed.request_attributes == {"c": "d"}


@pytest.mark.parametrize(
    ("wrong", "known"),
    [
        ({"hook": "DialogHook"}, "DialogCodeHook, FulfillmentCodeHook"),
        ({"confirmation": "Yes"}, "None, Confirmed, Denied"),
        ({"input_mode": "Voice"}, "Text, Speech, DTMF"),
    ],
)
def test_an_unknown_option_value_is_refused(wrong, known):
    with pytest.raises(ValueError, match=known):
        run(Bot(), "Hello?", **wrong)


def test_session_attributes_must_be_text():
    with pytest.raises(InvalidLexEvent, match="sessionAttributes"):
        run(Bot(), "Hello?", session_attributes={"count": 1})


def test_an_option_that_there_is_not_is_refused():
    with pytest.raises(TypeError, match="slot"):
        run(Bot(), "Hello?", slot={"OrderId": "A-17"})
