from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fulfillment import Bot, Exchange, Notices, Router
from fulfillment.clients import Resources
from fulfillment.errors import HandlerError, ModelError, ModelInterrupted, RegistrationError
from fulfillment.lex import events as lex
from fulfillment.lex.limits import MAX_ADDED_MESSAGES
from fulfillment.lex.rendering import is_interactive
from fulfillment.memory.conversation import ATTRIBUTE
from fulfillment.settings import Settings
from fulfillment.streaming.stream import Chunks
from fulfillment.testing import Context, ScriptedModel
from fulfillment.turn import Turn
from tests.fakes import FakeChannel, FakeMemory
from tests.log_records import logged
from tests.turns import (
    bot_of,
    dialog_event,
    intent_event,
    model_of,
    next_event,
    reply_of,
    taken,
)

WORDS = Notices()
DELEGATE = {"type": "Delegate"}


def said(bot: Bot, event: dict[str, Any]) -> str:
    """Return the text of a bot's reply to an event."""
    return reply_of(bot.lambda_handler(event, Context()))[0]


def contents(response: Any) -> list[str | None]:
    return [message.get("content") for message in response.get("messages", ())]


def test_by_default_the_model_answers(event: dict[str, Any]) -> None:
    assert reply_of(bot_of("Hello ", "there.").lambda_handler(event, Context())) == (
        "Hello there.",
        "Fulfilled",
    )


def test_other_intents_go_to_the_fallback(event: dict[str, Any]) -> None:
    bot = bot_of()

    @bot.intent("TrackOrder")
    def track(turn: Turn) -> Iterator[str]:
        yield "Looking…\n"
        yield f"{turn.intent} is on its way."

    @bot.fallback
    def other(turn: Turn) -> str:
        return f"You said: {turn.utterance}"

    handle = bot.lambda_handler
    assert reply_of(handle(intent_event(event, "TrackOrder"), Context()))[0] == (
        "Looking…\nTrackOrder is on its way."
    )
    assert reply_of(handle(event, Context()))[0] == "You said: and for two people?"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda turn: "All at once.", "All at once."),
        (lambda turn: ["In ", "parts."], "In parts."),
        (lambda turn: (part for part in ("In ", "", "parts.")), "In parts."),
        (lambda turn: turn.ask(), "From the model."),
        (lambda turn: None, WORDS.empty),
        (lambda turn: "", WORDS.empty),
        (lambda turn: [], WORDS.empty),
        (lambda turn: 5, WORDS.failed),
        (lambda turn: {"text": "x"}, WORDS.failed),
        (lambda turn: ["Some.", 5], f"Some.\n\n{WORDS.interrupted}"),
    ],
)
def test_a_handler_returns_text_or_yields_chunks(
    event: dict[str, Any], answer: Callable[..., Any], text: str
) -> None:
    bot = bot_of("From the ", "model.")
    bot.fallback(answer)
    assert said(bot, event) == text


def test_one_function_may_answer_several_intents(event: dict[str, Any]) -> None:
    bot = bot_of("From the model.")

    @bot.intent("Buy", "Sell")
    def trade(turn: Turn) -> str:
        return turn.intent

    assert said(bot, intent_event(event, "Buy")) == "Buy"
    assert said(bot, intent_event(event, "Sell")) == "Sell"
    assert said(bot, intent_event(event, "Rent")) == "From the model."


def test_a_registered_function_stays_what_it_is() -> None:
    bot = bot_of()

    def answer(turn: Any) -> Any:
        return turn.utterance

    def around(turn: Any, handler: Any) -> Any:
        return handler(turn)

    assert bot.intent("Order")(answer) is answer
    assert bot.dialog("Order")(answer) is answer
    assert bot.fallback(answer) is answer
    assert bot.middleware(around) is around


# --- the dialog


@pytest.fixture
def ordering() -> Bot:
    """A bot with a function for the dialog of an intent, and one that fulfils it."""
    bot = bot_of("From the model.")

    @bot.dialog("Order", "Return")
    def check(turn: Turn) -> Iterator[str]:
        if turn.slot("Item") == "nothing":
            yield "Let me see."
            turn.elicit_slot("Item", "There is no such thing. Which one?")

    @bot.intent("Order")
    def order(turn: Turn) -> str:
        return "Ordered."

    return bot


def test_a_dialog_is_checked_and_then_fulfilled(ordering: Bot, event: dict[str, Any]) -> None:
    wrong = dialog_event(event, slots={"Item": lex.slot_of("nothing")})
    response = ordering.lambda_handler(wrong, Context())
    assert taken(response, wrong) == {
        "dialogAction": {"type": "ElicitSlot", "slotToElicit": "Item"},
        "intent": {
            "name": "Order",
            "slots": {"Item": None},
            "state": "InProgress",
            "confirmationState": "None",
        },
        "sessionAttributes": response["sessionState"]["sessionAttributes"],
    }
    assert contents(response) == ["Let me see.", "There is no such thing. Which one?"]
    right = intent_event(event, "Order", slots={"Item": lex.slot_of("lamp")})
    assert said(ordering, right) == "Ordered."


def test_a_slot_not_asked_for_after_all_keeps_its_value(event: dict[str, Any]) -> None:
    bot = bot_of()

    @bot.dialog("Order")
    def check(turn: Turn) -> None:
        turn.elicit_slot("Size", "Which?")
        turn.delegate()

    slots = {"Size": lex.slot_of("large")}
    asking = dialog_event(event, slots=slots)
    state = taken(bot.lambda_handler(asking, Context()), asking)
    assert (state["dialogAction"], state["intent"]["slots"]) == (DELEGATE, slots)


@pytest.mark.parametrize("name", ["Order", "Return"])
def test_a_check_that_decides_nothing_lets_lex_go_on(
    ordering: Bot, event: dict[str, Any], name: str
) -> None:
    slots = {"Item": lex.slot_of("lamp")}
    fine = dialog_event(event, name, slots=slots)
    response = ordering.lambda_handler(fine, Context())
    state = taken(response, fine)
    assert (state["dialogAction"], state["intent"]["slots"]) == (DELEGATE, slots)
    assert "messages" not in response


def test_what_a_check_sets_is_handed_on_to_lex(event: dict[str, Any]) -> None:
    bot = bot_of()

    @bot.dialog("Order")
    def check(turn: Turn) -> None:
        turn.set_slot("Size", "large")
        turn.set_slot("Colours", ["red", "blue"])
        turn.session_attributes["checked"] = "yes"

    asking = dialog_event(event, slots={"Size": None})
    state = taken(bot.lambda_handler(asking, Context()), asking)
    assert state["dialogAction"] == DELEGATE
    assert state["intent"]["slots"] == {
        "Size": lex.slot_of("large"),
        "Colours": lex.slot_of(["red", "blue"]),
    }
    assert state["sessionAttributes"]["checked"] == "yes"


@pytest.mark.parametrize("hook", ["DialogCodeHook", "FulfillmentCodeHook"])
def test_fallback_is_answered_through_either_hook(event: dict[str, Any], hook: str) -> None:
    called = intent_event(event, "FallbackIntent") | {"invocationSource": hook}
    bot = bot_of("From the model.")
    bot.dialog("Order")(lambda turn: "not this")
    response = bot.lambda_handler(called, Context())
    assert reply_of(response) == ("From the model.", "Fulfilled")
    # A Close ends the turn, so that Lex calls the other hook no more.
    assert len(model_of(bot).prompts) == 1


def test_fallback_may_have_a_dialog_handler(event: dict[str, Any]) -> None:
    bot = bot_of("From the model.")

    @bot.dialog("FallbackIntent")
    def first(turn: Turn) -> None:
        turn.delegate()

    asking = dialog_event(event, "FallbackIntent")
    assert taken(bot.lambda_handler(asking, Context()), asking)["dialogAction"] == DELEGATE
    assert said(bot, event) == "From the model."


def test_an_answer_that_delegates_fails_politely(
    event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    bot = bot_of()
    bot.fallback(lambda turn: turn.delegate())
    assert reply_of(bot.lambda_handler(event, Context())) == (WORDS.failed, "Failed")
    assert logged(caplog)[0].error == HandlerError.__name__


@pytest.mark.parametrize(
    ("say", "dialog_action", "questions"),
    [
        (
            lambda turn: turn.elicit_slot("Size", "How large?"),
            {"type": "ElicitSlot", "slotToElicit": "Size"},
            ["How large?"],
        ),
        (
            lambda turn: turn.elicit_slot("Size"),
            {"type": "ElicitSlot", "slotToElicit": "Size"},
            [],
        ),
        (lambda turn: turn.confirm("Shall I?"), {"type": "ConfirmIntent"}, ["Shall I?"]),
    ],
)
@pytest.mark.parametrize("hook", [dialog_event, intent_event])
@pytest.mark.parametrize("written", ["Well.", ""])
def test_what_a_handler_asks_lex_is_told_to_ask(
    event: dict[str, Any],
    say: Callable[..., Any],
    dialog_action: dict[str, str],
    questions: list[str],
    hook: Callable[..., dict[str, Any]],
    written: str,
) -> None:
    bot = bot_of()

    def answer(turn: Turn) -> Iterator[str]:
        yield written
        say(turn)

    bot.intent("Order")(answer)
    bot.dialog("Order")(answer)
    large = lex.slot_of("large")
    called = hook(event, "Order", slots={"Size": large}, confirmationState="Denied")
    response = bot.lambda_handler(called, Context())
    told = taken(response, called)
    assert told["dialogAction"] == dialog_action
    assert contents(response) == [*filter(None, [written]), *questions]
    assert ("messages" in response) == bool(written or questions)
    assert told["intent"] == {
        "name": "Order",
        "slots": {"Size": None if "slotToElicit" in dialog_action else large},
        "state": "InProgress",
        "confirmationState": "None",
    }


@pytest.mark.parametrize("hook", [dialog_event, intent_event])
def test_a_function_may_leave_its_intent(
    event: dict[str, Any], hook: Callable[..., dict[str, Any]]
) -> None:
    bot = bot_of()

    def answer(turn: Turn) -> Iterator[str]:
        yield "Well."
        turn.elicit_intent("What else?")

    bot.intent("Order")(answer)
    bot.dialog("Order")(answer)
    called = hook(event, "Order")
    response = bot.lambda_handler(called, Context())
    told = taken(response, called)
    assert told["dialogAction"] == {"type": "ElicitIntent"}
    assert "intent" not in told
    assert contents(response) == ["Well.", "What else?"]


@pytest.mark.parametrize("hook", [dialog_event, intent_event])
@pytest.mark.parametrize(("failed", "state"), [(False, "Fulfilled"), (True, "Failed")])
def test_a_function_may_end_its_intent_either_way(
    event: dict[str, Any], hook: Callable[..., dict[str, Any]], failed: bool, state: str
) -> None:
    bot = bot_of()

    def answer(turn: Turn) -> Iterator[str]:
        yield "Well."
        turn.close(failed=failed)

    bot.intent("Order")(answer)
    bot.dialog("Order")(answer)
    response = bot.lambda_handler(hook(event, "Order"), Context())
    assert reply_of(response) == ("Well.", state)


def test_an_intent_that_ends_without_a_word_says_so(event: dict[str, Any]) -> None:
    bot = bot_of()
    bot.dialog("Order")(lambda turn: turn.close())
    response = bot.lambda_handler(dialog_event(event), Context())
    assert reply_of(response) == (WORDS.empty, "Failed")


def test_cards_and_messages_reach_lex_after_the_reply(event: dict[str, Any]) -> None:
    bot = bot_of("A long word. " * 4_000)

    @bot.fallback
    def answer(turn: Turn) -> Iterator[Any]:
        yield from turn.ask()
        for number in range(MAX_ADDED_MESSAGES - 1):
            turn.add_message(f"Message {number}")
        turn.add_card("Lamp", "lit", "https://x/lamp.png", [("More", "Tell me more")])
        turn.elicit_intent("What else?")

    response = bot.lambda_handler(event, Context())
    taken(response)
    reply, *texts, card = contents(response)
    assert reply and reply.endswith(WORDS.too_long)
    assert texts == [*(f"Message {number}" for number in range(7)), "What else?"]
    assert card is None
    assert response["messages"][-1]["imageResponseCard"]["buttons"] == [
        {"text": "More", "value": "Tell me more"}
    ]


# --- around all functions


def test_the_first_middleware_is_the_outermost(event: dict[str, Any]) -> None:
    bot = bot_of("x")
    seen = []

    @bot.middleware
    def outer(turn: Turn, answer: Callable[..., Chunks]) -> Iterator[str]:
        seen.append("outer before")
        yield "["
        yield from answer(turn)
        yield "]"
        seen.append("outer after")

    @bot.middleware
    def inner(turn: Turn, answer: Callable[..., Chunks]) -> Iterator[str]:
        seen.append("inner before")
        for chunk in answer(turn):
            yield chunk.upper()
        seen.append("inner after")

    assert said(bot, event) == "[X]"
    assert seen == ["outer before", "inner before", "inner after", "outer after"]


@pytest.mark.parametrize("name", ["FallbackIntent", "Order"])
def test_a_middleware_may_answer_in_its_place(event: dict[str, Any], name: str) -> None:
    bot = bot_of("From the model.")
    bot.intent("Order")(lambda turn: turn.ask())

    @bot.middleware
    def members_only(turn: Turn, answer: Callable[..., Chunks]) -> Iterator[str]:
        if "member" in turn.session_attributes:
            yield from answer(turn)
        else:
            yield "Please sign in first."

    called = intent_event(event, name)
    assert said(bot, called) == "Please sign in first."
    assert model_of(bot).prompts == []
    called["sessionState"]["sessionAttributes"]["member"] = "yes"
    assert said(bot, called) == "From the model."


def test_a_middleware_wraps_a_dialogs_check(event: dict[str, Any]) -> None:
    bot = bot_of()
    bot.dialog("Order")(lambda turn: turn.elicit_slot("Size", "Which?"))

    @bot.middleware
    def closes(turn: Turn, answer: Callable[..., Chunks]) -> Iterator[str]:
        yield from answer(turn)
        turn.close(failed=True)
        yield "Not today."

    response = bot.lambda_handler(dialog_event(event), Context())
    # The question belongs to the slot that is not asked for any more.
    assert reply_of(response) == ("Not today.", "Failed")


def test_a_middleware_may_go_on_after_a_failure(event: dict[str, Any]) -> None:
    bot = bot_of("So far ", ValueError("x"))

    @bot.middleware
    def saves(turn: Turn, answer: Callable[..., Chunks]) -> Iterator[str]:
        try:
            yield from answer(turn)
        except ValueError:
            yield "and no further."

    assert reply_of(bot.lambda_handler(event, Context())) == (
        "So far and no further.",
        "Fulfilled",
    )


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_middleware_that_fails_is_apologised_for(event: dict[str, Any], when: str) -> None:
    bot = bot_of("Hello.")

    @bot.middleware
    def fails(turn: Turn, answer: Callable[..., Chunks]) -> Iterator[Any]:
        if when == "before":
            raise ValueError("a secret")
        yield from answer(turn)
        raise ValueError("a secret")

    text = WORDS.failed if when == "before" else f"Hello.\n\n{WORDS.interrupted}"
    assert said(bot, event) == text


@pytest.mark.parametrize(
    ("middleware", "text"),
    [
        (lambda turn, answer: answer(turn), "Hello."),
        (lambda turn, answer: "".join(answer(turn)).upper(), "HELLO."),
        (lambda turn, answer: None, WORDS.empty),
        (lambda turn, answer: 5, WORDS.failed),
    ],
)
def test_a_middleware_need_not_yield(
    event: dict[str, Any], middleware: Callable[..., Any], text: str
) -> None:
    bot = bot_of("Hello.")
    bot.middleware(middleware)
    assert said(bot, event) == text


def test_frames_reach_the_connection_of_the_session(event: dict[str, Any]) -> None:
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
def test_nothing_is_posted_where_nobody_watches(
    event: dict[str, Any], change: dict[str, Any]
) -> None:
    channel = FakeChannel()
    bot = bot_of("Hello there.", channel=channel)
    assert reply_of(bot.lambda_handler(event | change, Context()))[0] == "Hello there."
    assert channel.posts == []


def test_without_an_endpoint_nothing_is_posted(event: dict[str, Any]) -> None:
    bot = Bot(resources=Resources(Settings(), ScriptedModel("Hello.")))
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."


@pytest.mark.parametrize("mode", ["Speech", "DTMF"])
def test_a_spoken_turn_is_answered_without_marks(event: dict[str, Any], mode: str) -> None:
    bot = bot_of("**Hello** there,\n\n- one\n- two")
    response = bot.lambda_handler(event | {"inputMode": mode}, Context())
    assert response["messages"] == [
        {"contentType": "PlainText", "content": "Hello there,\n\n• one\n• two"}
    ]


def test_a_question_and_an_apology_fit_their_channel_too(event: dict[str, Any]) -> None:
    bot = bot_of()

    @bot.fallback
    def answer(turn: Turn) -> Iterator[str]:
        yield "*Sure.*"
        turn.add_message("A <lamp>", "PlainText")
        turn.elicit_intent("What **else**?")

    ssml = {"requestAttributes": {"x-amz-lex:accept-content-types": "SSML"}}
    messages = bot.lambda_handler(event | ssml, Context())["messages"]
    assert {message["contentType"] for message in messages} == {"SSML"}
    assert [message["content"] for message in messages] == [
        "<speak>Sure.</speak>",
        "<speak>A &lt;lamp&gt;</speak>",
        "<speak>What else?</speak>",
    ]
    broken = {key: value for key, value in event.items() if key != "sessionState"}
    assert bot.lambda_handler(broken | ssml, Context())["messages"][0]["contentType"] == "SSML"


def test_a_long_spoken_reply_is_cut_into_whole_documents(event: dict[str, Any]) -> None:
    bot = bot_of("Tom & Jerry <3. " * 2_000)
    ssml = {"requestAttributes": {"x-amz-lex:accept-content-types": "SSML"}}
    messages = bot.lambda_handler(event | ssml, Context())["messages"]
    assert len(messages) > 2
    for message in messages:
        assert re.fullmatch(r"<speak>[^<>]+</speak>", message["content"])
    assert messages[-1]["content"].endswith("than fits into one reply.</speak>")


@pytest.mark.parametrize("utterance", ["", " \n", "\u200b"])
@pytest.mark.parametrize("mode", ["Text", "Speech"])
def test_silence_is_answered_without_a_model(
    event: dict[str, Any], utterance: str, mode: str
) -> None:
    model = ScriptedModel("Hello.")
    bot = Bot(resources=Resources(Settings(), model))
    silent = event | {"inputTranscript": utterance, "inputMode": mode}
    text, _ = reply_of(bot.lambda_handler(silent, Context()))
    assert text == Notices().unheard
    assert model.prompts == []


def test_a_handler_answers_in_silence_too(event: dict[str, Any]) -> None:
    """By its slots, or by a question of its own."""
    model = ScriptedModel("A haiku.")
    bot = Bot(resources=Resources(Settings(), model))

    @bot.intent("Order")
    def order(turn: Turn) -> Iterator[str]:
        yield f"Size {turn.slot('Size')}. "
        yield from turn.ask("Write a haiku.")
        yield from turn.ask()

    slots = {"Size": {"shape": "Scalar", "value": {"interpretedValue": "L"}}}
    silent = intent_event(event, "Order", slots=slots) | {"inputTranscript": ""}
    assert reply_of(bot.lambda_handler(silent, Context()))[0] == "Size L. A haiku."
    assert len(model.prompts) == 1


def test_what_one_turn_shows_in_lex_web_ui_hides_no_other(event: dict[str, Any]) -> None:
    bot = bot_of("It opens at nine.")
    context = json.dumps({"altMessages": {"html": "<b>Two</b>"}, "responseCard": {"version": "1"}})

    @bot.intent("Offers")
    def offers(turn: Turn) -> Iterator[str]:
        assert "altMessages" not in turn.session_attributes.get("appContext", "")
        turn.session_attributes["appContext"] = context
        yield "Two offers"

    first = bot.lambda_handler(intent_event(event, "Offers"), Context())
    again = bot.lambda_handler(intent_event(next_event(event, first), "Offers"), Context())
    for response in (first, again):
        assert response["sessionState"]["sessionAttributes"]["appContext"] == context
    later = bot.lambda_handler(next_event(event, again), Context())
    assert later["sessionState"]["sessionAttributes"]["appContext"] == "{}"


def test_no_sentence_is_taken_for_a_card(event: dict[str, Any]) -> None:
    card = '{"templateType":"Zzz"}'
    notices = Notices(failed=card, empty=card, too_long=card, unheard=card)
    for script in ([card], [""], [ModelError("x")], ["word " * 30_000], ["a", card]):
        bot = bot_of(*script)
        bot = Bot(resources=bot.resources, notices=notices)
        for message in bot.lambda_handler(event, Context())["messages"]:
            assert not is_interactive(message["content"])
    assert not is_interactive(bot.lambda_handler({}, Context())["messages"][0]["content"])


def test_what_a_function_sets_is_handed_back(event: dict[str, Any]) -> None:
    bot = bot_of()

    @bot.fallback
    def remember(turn: Turn) -> str:
        turn.session_attributes["seen"] = "yes"
        return "Noted."

    attributes = bot.lambda_handler(event, Context())["sessionState"]["sessionAttributes"]
    assert attributes["seen"] == "yes"
    assert attributes["appContext"] == "{}"
    assert "previousLexResponse" not in attributes


def test_html_in_a_reply_is_neutralised(event: dict[str, Any]) -> None:
    assert (
        "<img"
        not in reply_of(bot_of("<img src=x onerror=alert(1)>").lambda_handler(event, Context()))[0]
    )


def test_a_builder_may_allow_html(event: dict[str, Any]) -> None:
    bot = bot_of("<b>bold</b>", allow_html=True)
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "<b>bold</b>"


def test_notices_may_be_the_builders_own(event: dict[str, Any]) -> None:
    bot = Bot(resources=bot_of(ValueError()).resources, notices=Notices(failed="Entschuldigung."))
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Entschuldigung."


WORDS_BY_LOCALE = {
    "de": Notices(failed="Entschuldigung."),
    "de_CH": Notices(failed="Äxgüsi."),
}


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("de_CH", "Äxgüsi."),
        ("de_DE", "Entschuldigung."),
        ("fr_FR", WORDS.failed),
        ("", WORDS.failed),
    ],
)
def test_notices_may_be_of_a_locale_or_its_language(
    event: dict[str, Any], locale: str, sentence: str
) -> None:
    bot = Bot(resources=bot_of(ValueError()).resources, notices=WORDS_BY_LOCALE)
    assert said(bot, event | {"bot": {"localeId": locale}}) == sentence


def test_the_last_resort_speaks_the_users_language_too(event: dict[str, Any]) -> None:
    bot = Bot(notices=WORDS_BY_LOCALE)
    bot.resources = None  # type: ignore[assignment]
    assert said(bot, event | {"bot": {"localeId": "de_CH"}}) == "Äxgüsi."


def test_a_bot_may_keep_its_conversations_itself(event: dict[str, Any]) -> None:
    own, other = FakeMemory(), FakeMemory()
    resources = bot_of("Hello.", memory=other).resources
    bot = Bot(resources=resources, memory=own)
    attributes = bot.lambda_handler(event, Context())["sessionState"]["sessionAttributes"]
    assert own.kept == {attributes[ATTRIBUTE]: [Exchange("and for two people?", "Hello.")]}
    assert other.kept == {}


@pytest.mark.parametrize("event", [None, {}, [], {"sessionState": {"intent": [1]}}])
def test_a_foreign_event_gets_a_valid_response(
    event: list[Any] | dict[str, Any] | None, caplog: pytest.LogCaptureFixture
) -> None:
    assert reply_of(bot_of("x").lambda_handler(event, Context())) == (WORDS.failed, "Failed")
    assert logged(caplog)[0].error == "InvalidLexEvent"


def test_an_unchecked_dialog_is_delegated(event: dict[str, Any]) -> None:
    bot = bot_of("x")
    order = dialog_event(event, slots={"Item": lex.slot_of("lamp"), "Size": None})
    response = bot.lambda_handler(order, Context())
    state = taken(response, order)
    assert state["dialogAction"] == DELEGATE
    assert state["intent"] == order["sessionState"]["intent"]
    assert "messages" not in response
    assert model_of(bot).prompts == []


def test_a_context_without_a_clock_is_fine(event: dict[str, Any]) -> None:
    assert reply_of(bot_of("Hello.").lambda_handler(event, None))[0] == "Hello."


def test_the_console_test_window_just_gets_its_reply(
    load_event: Callable[[str], dict[str, Any]],
) -> None:
    channel = FakeChannel()
    bot = bot_of("Hello.", channel=channel)
    response = bot.lambda_handler(load_event("console_test_window"), Context())
    assert reply_of(response) == ("Hello.", "Fulfilled")
    assert channel.posts == []


# --- what a bot is made of


def test_a_bot_may_have_a_model_of_its_own(event: dict[str, Any]) -> None:
    own = ScriptedModel("From its own.")
    bot = Bot(model=own, resources=bot_of("From the settings'.").resources)
    assert said(bot, event) == "From its own."
    assert model_of(bot).prompts == []


def test_a_model_of_its_own_may_remember_by_itself(event: dict[str, Any]) -> None:
    """As Bedrock's agents do, by the conversation's id."""
    own = ScriptedModel("Hello.", repeats=True)
    bot = Bot(model=own, resources=bot_of().resources)
    first = bot.lambda_handler(event, Context())
    second = bot.lambda_handler(next_event(event, first), Context())
    (name,) = {prompt.conversation_id for prompt in own.prompts}
    assert name
    for response in (first, second):
        assert response["sessionState"]["sessionAttributes"][ATTRIBUTE] == name


def test_what_a_bot_is_made_of_is_named() -> None:
    with pytest.raises(TypeError, match="positional"):
        Bot(ScriptedModel("Hello."))  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("notices", "named"),
    [
        ("Entschuldigung.", "not a str"),
        ({"de": "Entschuldigung."}, r"notices\['de'\] is a str"),
        ({"de": Notices(), "fr": None}, r"notices\['fr'\] is a NoneType"),
    ],
)
def test_notices_are_checked_when_a_bot_is_made(notices: str | dict[str, Any], named: str) -> None:
    with pytest.raises(TypeError, match=named):
        Bot(notices=notices)  # type: ignore[arg-type]


def test_there_is_one_fallback() -> None:
    bot = bot_of()

    @bot.fallback
    def first(turn: Any) -> Any:
        return "First."

    def second(turn: Any) -> Any:
        return "Second."

    with pytest.raises(RegistrationError, match=r"two fallbacks: .*first and .*second"):
        bot.fallback(second)


@pytest.mark.parametrize("register", [Bot.fallback, Bot.middleware])
def test_what_cannot_be_called_so_is_refused(register: Callable[..., Any]) -> None:
    async def asynchronous(turn: Any, handler: Any) -> Any:
        return "Hello."

    def without_turn() -> Any:
        return "Hello."

    for function in (asynchronous, without_turn, "Hello."):
        with pytest.raises(RegistrationError):
            register(bot_of(), function)


# --- handlers from other modules


@pytest.fixture
def orders() -> Router:
    """A router with a handler of each kind."""
    router = Router()

    @router.dialog("Order")
    def check(turn: Turn) -> None:
        if turn.slot("Item") is None:
            turn.elicit_slot("Item", "Which item?")

    @router.intent("Order")
    def order(turn: Turn) -> None:
        raise KeyError(turn.slot("Item"))

    @router.error(KeyError)
    def unknown(turn: Turn, error: KeyError) -> str:
        return f"There is no {error.args[0]}."

    return router


def test_a_bot_takes_over_a_routers_handlers(event: dict[str, Any], orders: Router) -> None:
    bot = bot_of()
    bot.include(orders)
    asking = dialog_event(event, slots={"Item": None})
    assert contents(bot.lambda_handler(asking, Context())) == ["Which item?"]
    order = intent_event(event, "Order", slots={"Item": lex.slot_of("moon")})
    assert said(bot, order) == "There is no moon."


def test_a_router_may_be_included_twice(orders: Router) -> None:
    bot = bot_of()
    bot.include(orders)
    bot.include(orders)
    assert bot.intents == {"Order"}


@pytest.mark.parametrize(
    ("decorator", "key"),
    [(Router.intent, "Order"), (Router.dialog, "Order"), (Router.error, KeyError)],
)
def test_an_include_overwrites_nothing(
    orders: Router, decorator: Callable[..., Any], key: str | type[Any]
) -> None:
    bot = bot_of()

    def mine(*args: Any) -> Any:
        return "Mine."

    decorator(bot, key)(mine)
    with pytest.raises(RegistrationError, match=r"Order|KeyError.*mine and"):
        bot.include(orders)


def test_only_routers_are_included() -> None:
    """What else a bot has, such as its fallback, would be lost."""
    for other in (bot_of(), pytest):
        with pytest.raises(RegistrationError, match="a bot includes routers"):
            bot_of().include(other)  # type: ignore[arg-type]


# --- errors


def test_an_error_handler_sees_errors_of_middleware(event: dict[str, Any]) -> None:
    bot = bot_of("Hello.")

    @bot.middleware
    def signed_in(turn: Turn, handler: Callable[..., Chunks]) -> None:
        raise PermissionError

    @bot.error(PermissionError)
    def refused(turn: Turn, error: PermissionError) -> Iterator[str]:
        yield "Please sign in first."

    assert reply_of(bot.lambda_handler(event, Context())) == ("Please sign in first.", "Failed")


def test_a_model_error_can_be_handled(event: dict[str, Any]) -> None:
    bot = bot_of("So far", ModelInterrupted("x"))
    bot.error(ModelError)(lambda turn, error: "The model is away.")
    assert said(bot, event) == "So far\n\nThe model is away."


# --- intents that it does not know


def test_an_unknown_intent_is_logged_once(
    event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    bot = bot_of("From the model.")
    bot.intent("TrackOrder", "Cancel")(lambda turn: "Here.")
    for intent in ("TrackOder", "FallbackIntent", "Cancel", "TrackOder"):
        bot.lambda_handler(intent_event(event, intent), Context())
    (record,) = [each for each in logged(caplog) if each.levelname == "WARNING"]
    assert record.message == "the bot has no handler for this intent"
    assert (record.intent, record.known_intents) == ("TrackOder", ["Cancel", "TrackOrder"])


def test_a_bot_without_intents_knows_them_all(
    event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    bot_of("From the model.").lambda_handler(intent_event(event, "Greet"), Context())
    assert [record.levelname for record in logged(caplog)] == ["INFO"]
