import json
import threading

import pytest

from fakes import FakeChannel, FakeModel
from fulfillment import Bot, Words
from fulfillment.resources import Resources
from fulfillment.settings import Settings
from turns import Context, bot_of, reply_of

WORDS = Words()


def intent(event, name):
    named = json.loads(json.dumps(event))
    named["sessionState"]["intent"]["name"] = name
    return named


def test_by_default_the_model_answers(event):
    assert reply_of(bot_of("Hello ", "there.").lambda_handler(event, Context())) == (
        "Hello there.",
        "Fulfilled",
    )


def test_the_function_of_an_intent_answers_it_and_others_go_to_the_fallback(event):
    bot = bot_of()

    @bot.intent("TrackOrder")
    def track(turn):
        yield "Looking…\n"
        yield f"{turn.intent} is on its way."

    @bot.fallback
    def other(turn):
        return f"You said: {turn.utterance}"

    handle = bot.lambda_handler
    assert reply_of(handle(intent(event, "TrackOrder"), Context()))[0] == (
        "Looking…\nTrackOrder is on its way."
    )
    assert reply_of(handle(event, Context()))[0] == "You said: and for two people?"


def test_frames_reach_the_connection_of_the_session(event):
    channel, gate = FakeChannel(), threading.Event()
    channel._on_post = gate.set
    bot = bot_of("Hello", gate, " there.", channel=channel)
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello there."
    assert channel.posts[0] == ("connection-1", "Hell")


@pytest.mark.parametrize(
    "change",
    [
        {"inputMode": "Speech"},
        {"inputMode": "DTMF"},
        {"sessionState": {"intent": {"name": "FallbackIntent"}}},
    ],
)
def test_nothing_is_posted_for_voice_or_without_streaming_attributes(event, change):
    channel = FakeChannel()
    bot = bot_of("Hello there.", channel=channel)
    assert reply_of(bot.lambda_handler(event | change, Context()))[0] == "Hello there."
    assert channel.posts == []


def test_without_a_configured_endpoint_the_browsers_is_not_used(event):
    bot = Bot(Resources(Settings(), FakeModel("Hello."), None, None))
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."


def test_what_a_function_sets_is_handed_back(event):
    bot = bot_of()

    @bot.fallback
    def remember(turn):
        turn.session_attributes["seen"] = "yes"
        return "Noted."

    attributes = bot.lambda_handler(event, Context())["sessionState"]["sessionAttributes"]
    assert attributes["seen"] == "yes"
    assert attributes["appContext"] == "{}"
    assert "previousLexResponse" not in attributes


def test_html_in_a_reply_is_neutralised_and_the_frames_are_as_written(event):
    assert (
        "<img"
        not in reply_of(bot_of("<img src=x onerror=alert(1)>").lambda_handler(event, Context()))[0]
    )


def test_a_builder_may_allow_html(event):
    bot = bot_of("<b>bold</b>", allow_html=True)
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "<b>bold</b>"


def test_words_can_be_the_builders_own(event):
    bot = Bot(bot_of(ValueError()).resources, words=Words(failed="Entschuldigung."))
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Entschuldigung."


@pytest.mark.parametrize("event", [None, {}, [], {"sessionState": {"sessionAttributes": [1]}}])
def test_an_event_that_is_none_of_lex_gets_a_valid_response(event, caplog):
    assert reply_of(bot_of("x").lambda_handler(event, Context())) == (WORDS.failed, "Failed")
    assert caplog.records[0].error == "InvalidLexEvent"


def test_a_dialog_hook_with_slots_is_delegated_and_nothing_asked(event):
    bot = bot_of("x")
    response = bot.lambda_handler(
        intent(event, "Order") | {"invocationSource": "DialogCodeHook"}, Context()
    )
    assert response["sessionState"]["dialogAction"] == {"type": "Delegate"}
    assert bot.resources.model.prompts == []


def test_a_context_without_a_clock_is_fine(event):
    assert reply_of(bot_of("Hello.").lambda_handler(event, None))[0] == "Hello."


def test_the_console_test_window_just_gets_its_reply(load_event):
    channel = FakeChannel()
    bot = bot_of("Hello.", channel=channel)
    response = bot.lambda_handler(load_event("console_test_window"), Context())
    assert reply_of(response) == ("Hello.", "Fulfilled")
    assert channel.posts == []
