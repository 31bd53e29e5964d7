"""Lex without HTTP: a fake function as its Lambda, a clock that passes when told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.fakes import FakeClock
from tests.lex_locales import locale_of
from tests.websocket_stack.local.fake_functions import FakeFunction, StuckFunction
from tests.websocket_stack.local.handlers import close
from websocket_stack.lex_bot.description import Intent, Locale
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.functions.function import FunctionError
from websocket_stack.local.lex.intents import new_intent
from websocket_stack.local.lex.service import LexRuntime
from websocket_stack.local.lex.sessions import SessionKey
from websocket_stack.local.lex.slot_values import new_slot

KEY = SessionKey("LOCALBOT01", "TSTALIASID", "en_US", "session-1")
DELEGATE = {
    "sessionState": {
        "dialogAction": {"type": "Delegate"},
        "intent": {"name": "FallbackIntent", "state": "InProgress"},
    }
}


def runtime(function: Any, **options: Any) -> LexRuntime:
    return LexRuntime(function, clock=options.pop("clock", FakeClock()), **options)


def ask(lex: LexRuntime, text: str = "hello", key: SessionKey = KEY, **request: Any) -> Any:
    return asyncio.run(lex.recognize_text(key, {"text": text, **request}))


def fallback_with(**hooks: Any) -> dict[str, Locale]:
    return {"en_US": Locale(intents={"FallbackIntent": Intent(**hooks)})}


def refusal(call: Callable[[], object] | Awaitable[object]) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        call() if callable(call) else asyncio.run(call)  # type: ignore[arg-type]
    return refused.value


# --- the turn


def test_the_reply_is_the_functions() -> None:
    function = FakeFunction(close("a reply", {"kept": "yes"}, requestAttributes={"c": "d"}))
    response = ask(runtime(function))

    assert response["messages"] == [{"contentType": "PlainText", "content": "a reply"}]
    assert response["sessionId"] == "session-1"
    assert response["requestAttributes"] == {"c": "d"}
    state = response["sessionState"]
    assert state["dialogAction"] == {"type": "Close"}
    # With all that Lex says of an intent, which the function need not.
    intent = new_intent("FallbackIntent") | {"state": "Fulfilled"}
    assert state["intent"] == intent
    assert state["sessionAttributes"] == {"kept": "yes"}
    assert len(state["originatingRequestId"]) == 36
    assert response["interpretations"] == [{"intent": intent, "interpretationSource": "Lex"}]


def test_attributes_are_kept_between_turns() -> None:
    def count(event: dict[str, Any]) -> Any:
        attributes = event["sessionState"]["sessionAttributes"]
        return close("counted", attributes | {"count": str(int(attributes.get("count", 0)) + 1)})

    lex = runtime(FakeFunction(count))
    for expected in ("1", "2", "3"):
        assert ask(lex)["sessionState"]["sessionAttributes"] == {"count": expected}


def test_sessions_share_nothing() -> None:
    function = FakeFunction(lambda event: close("a", {"of": event["sessionId"]}))
    lex = runtime(function)
    ask(lex)
    for key in (
        KEY._replace(session_id="session-2"),
        KEY._replace(locale_id="de_DE"),
        KEY._replace(alias_id="OTHERALIAS"),
        KEY._replace(bot_id="LOCALBOT02"),
    ):
        ask(lex, key=key)
        assert function.events[-1]["sessionState"]["sessionAttributes"] == {}


# --- hooks


def test_a_close_of_the_dialog_hook_ends_the_turn() -> None:
    function = FakeFunction(close())
    response = ask(runtime(function, locales=fallback_with(dialog_hook=True)))

    assert function.sources == ["DialogCodeHook"]
    assert function.events[0]["sessionState"]["intent"]["state"] == "InProgress"
    assert response["messages"][0]["content"] == "done"


def test_a_delegate_leads_to_the_fulfillment_hook() -> None:
    function = FakeFunction(
        lambda event: DELEGATE if event["invocationSource"] == "DialogCodeHook" else close("reply")
    )
    response = ask(runtime(function, locales=fallback_with(dialog_hook=True)))

    assert function.sources == ["DialogCodeHook", "FulfillmentCodeHook"]
    assert function.events[1]["sessionState"]["intent"]["state"] == "ReadyForFulfillment"
    assert response["messages"][0]["content"] == "reply"
    assert response["sessionState"]["dialogAction"] == {"type": "Close"}


def test_attributes_pass_from_hook_to_hook() -> None:
    def answer(event: dict[str, Any]) -> Any:
        if event["invocationSource"] == "DialogCodeHook":
            return {"sessionState": DELEGATE["sessionState"] | {"sessionAttributes": {"a": "b"}}}
        return close()

    function = FakeFunction(answer)
    ask(runtime(function, locales=fallback_with(dialog_hook=True)))

    assert function.events[1]["sessionState"]["sessionAttributes"] == {"a": "b"}


def test_without_hooks_the_client_fulfils() -> None:
    function = FakeFunction(close())
    response = ask(runtime(function, locales=fallback_with(fulfillment_hook=False)))

    assert function.events == []
    assert response["messages"] == []
    assert response["sessionState"]["dialogAction"] == {"type": "Close"}
    assert response["sessionState"]["intent"]["state"] == "ReadyForFulfillment"


# --- dialogs

BOOKING = """
[Book]
book a table
book a table for {Guests}
book a table for {Guests} at {Time}
{Guests}: For how many?
{Time}: At what time?

[Opening]
when are you open
"""


def leave_to_lex(event: dict[str, Any]) -> Any:
    """Delegate each dialog and fulfil with what was said."""
    intent = event["sessionState"]["intent"]
    if event["invocationSource"] == "DialogCodeHook":
        return action_response("Delegate", intent)
    values = {name: value_of(slot) for name, slot in intent["slots"].items()}
    return action_response("Close", intent | {"state": "Fulfilled"}, f"{intent['name']}: {values}")


def action_response(
    kind: str, intent: dict[str, Any] | None, message: str = "", **action: str
) -> dict[str, Any]:
    state: dict[str, Any] = {"dialogAction": {"type": kind, **action}}
    if intent is not None:
        state["intent"] = intent
    response: dict[str, Any] = {"sessionState": state}
    if message:
        response["messages"] = [{"contentType": "PlainText", "content": message}]
    return response


def value_of(slot: dict[str, Any] | None) -> str | None:
    return slot["value"]["interpretedValue"] if slot else None


def text_of(response: Any) -> str:
    return " ".join(message["content"] for message in response["messages"])


def state_of(response: Any) -> tuple[str, str, str]:
    """Return the dialog action, and the state and confirmation of the intent."""
    state = response["sessionState"]
    intent = state["intent"]
    return state["dialogAction"]["type"], intent["state"], intent["confirmationState"]


def booking_bot(answer: Callable[[dict[str, Any]], Any] = leave_to_lex) -> tuple[Any, FakeFunction]:
    function = FakeFunction(answer)
    return runtime(function, locales={"en_US": locale_of(BOOKING)}), function


def test_lex_elicits_slots_and_then_fulfils() -> None:
    lex, function = booking_bot()
    first = ask(lex, "Book a table!")
    assert text_of(first) == "For how many?"
    assert first["sessionState"]["dialogAction"] == {
        "type": "ElicitSlot",
        "slotToElicit": "Guests",
    }
    assert state_of(first) == ("ElicitSlot", "InProgress", "None")
    assert text_of(ask(lex, "five")) == "At what time?"
    last = ask(lex, "8 pm")
    assert text_of(last) == "Book: {'Guests': 'five', 'Time': '8 pm'}"
    assert state_of(last) == ("Close", "Fulfilled", "None")
    # At each turn the dialog hook, and the other one in the end.
    assert function.sources == [*["DialogCodeHook"] * 3, "FulfillmentCodeHook"]
    assert [event["sessionState"]["intent"]["state"] for event in function.events] == [
        *["InProgress"] * 3,
        "ReadyForFulfillment",
    ]


@pytest.mark.parametrize(
    ("utterances", "calls"),
    [
        (["book a table for five at 8 pm"], 2),
        (["book a table for five", "8 pm"], 3),
        (["book a table", "book a table for five at 8 pm"], 3),
    ],
)
def test_filled_slots_are_not_elicited(utterances: list[str], calls: int) -> None:
    lex, function = booking_bot()
    responses = [ask(lex, utterance) for utterance in utterances]
    assert text_of(responses[-1]) == "Book: {'Guests': 'five', 'Time': '8 pm'}"
    assert len(function.events) == calls


def test_a_closed_intent_is_over() -> None:
    lex, function = booking_bot()
    ask(lex, "book a table for five at 8 pm")
    ask(lex, "five")
    assert function.events[-1]["sessionState"]["intent"]["name"] == "FallbackIntent"
    assert text_of(ask(lex, "book a table")) == "For how many?"


def test_the_event_holds_all_slots() -> None:
    lex, function = booking_bot()
    ask(lex, "book a table")
    ask(lex, "Five.")
    event = function.events[-1]
    assert event["inputTranscript"] == "Five."
    assert event["sessionState"]["intent"] == (
        new_intent("Book", {"Guests": "Five.", "Time": None})
    )
    assert event["transcriptions"][0]["resolvedSlots"] == {"Guests": new_slot("Five.")}


def lamp_locale(**members: object) -> Locale:
    """Return a locale that sells lamps: a restricted slot, and a confirmation."""
    order = {
        "utterances": ["order a lamp", "order a {Size} lamp"],
        "slots": {"Size": {"type": "Sizes", "prompt": "Which size?"}},
        "confirmation": {"prompt": "A {Size} lamp?", "declined": "No {Size} lamp, then."},
        **members,
    }
    sizes = {"restricted": True, "values": {"small": ["little"], "large": ["big"]}}
    return Locale.model_validate({"intents": {"Order": order}, "slot_types": {"Sizes": sizes}})


@pytest.mark.parametrize("dialog_hook", [True, False])
def test_lex_resolves_a_slot_and_confirms(dialog_hook: bool) -> None:
    function = FakeFunction(leave_to_lex)
    lex = runtime(function, locales={"en_US": lamp_locale(dialog_hook=dialog_hook)})
    assert text_of(ask(lex, "order a lamp")) == "Which size?"
    # No value of its type fills the slot, so Lex asks again.
    assert text_of(ask(lex, "blue")) == "Which size?"
    third = ask(lex, "Big!")
    assert text_of(third) == "A large lamp?"
    assert state_of(third) == ("ConfirmIntent", "InProgress", "None")
    last = ask(lex, "yes")
    assert text_of(last) == "Order: {'Size': 'large'}"
    assert state_of(last) == ("Close", "Fulfilled", "Confirmed")
    dialogs = ["DialogCodeHook"] * 4 if dialog_hook else []
    assert function.sources == [*dialogs, "FulfillmentCodeHook"]


def test_after_a_prompts_retries_the_fallback_answers() -> None:
    function = FakeFunction(leave_to_lex)
    lex = runtime(function, locales={"en_US": lamp_locale()})
    ask(lex, "order a lamp")
    # No value of the slot's type: two retries, unless the file says otherwise.
    assert [text_of(ask(lex, answer)) for answer in ("blue", "red")] == ["Which size?"] * 2
    assert text_of(ask(lex, "green")) == "FallbackIntent: {}"
    # An answer in between counts from the beginning again, as does another prompt.
    ask(lex, "order a lamp")
    answers = ["blue", "big", "perhaps", "who knows", "what", "yes"]
    assert [text_of(ask(lex, each)) for each in answers] == [
        "Which size?",
        *["A large lamp?"] * 3,
        *["FallbackIntent: {}"] * 2,
    ]


def test_a_confirmation_that_a_lambda_asks_for_is_not_repeated() -> None:
    def confirm(event: dict[str, Any]) -> Any:
        intent = event["sessionState"]["intent"]
        if intent["name"] == "Opening":
            return action_response("ConfirmIntent", intent, "Today?")
        return leave_to_lex(event)

    lex, _ = booking_bot(confirm)
    assert text_of(ask(lex, "when are you open")) == "Today?"
    assert text_of(ask(lex, "perhaps")) == "FallbackIntent: {}"


def test_a_confirmation_of_the_file_repeats_that_of_a_lambda() -> None:
    def confirm(event: dict[str, Any]) -> Any:
        intent = event["sessionState"]["intent"]
        if intent["name"] == "Order" and intent["confirmationState"] == "None":
            return action_response("ConfirmIntent", intent, f"Order a {intent['slots']['Size']}?")
        return leave_to_lex(event)

    lex = runtime(FakeFunction(confirm), locales={"en_US": lamp_locale()})
    question = text_of(ask(lex, "order a little lamp"))
    assert [text_of(ask(lex, answer)) for answer in ("perhaps", "who knows")] == [question] * 2
    assert text_of(ask(lex, "yes")) == "Order: {'Size': 'small'}"


@pytest.mark.parametrize("dialog_hook", [True, False])
def test_a_no_ends_the_intent_with_lexs_sentence(dialog_hook: bool) -> None:
    function = FakeFunction(leave_to_lex)
    lex = runtime(function, locales={"en_US": lamp_locale(dialog_hook=dialog_hook)})
    assert text_of(ask(lex, "order a little lamp")) == "A small lamp?"
    last = ask(lex, "no")
    assert text_of(last) == "No small lamp, then."
    assert state_of(last) == ("Close", "Failed", "Denied")
    assert "FulfillmentCodeHook" not in function.sources


def test_an_intent_without_hooks_is_the_clients_to_fulfil() -> None:
    function = FakeFunction(leave_to_lex)
    locale = lamp_locale(dialog_hook=False, fulfillment_hook=False)
    lex = runtime(function, locales={"en_US": locale})
    ask(lex, "order a big lamp")
    last = ask(lex, "yes")
    assert state_of(last) == ("Close", "ReadyForFulfillment", "Confirmed")
    assert function.events == []


def test_each_locale_has_intents_of_its_own() -> None:
    """A session in any other is understood as one in the first."""
    function = FakeFunction(leave_to_lex)
    german = locale_of("[Zeit]\nwie spät ist es\n")
    lex = runtime(function, locales={"en_US": locale_of(BOOKING), "de_DE": german})
    expected = [("en_US", "Book"), ("de_DE", "FallbackIntent"), ("fr_FR", "Book")]
    for locale_id, intent in expected:
        ask(lex, "book a table for two at 8", key=KEY._replace(locale_id=locale_id))
        assert function.events[-1]["sessionState"]["intent"]["name"] == intent
    ask(lex, "Wie spät ist es?", key=KEY._replace(locale_id="de_DE"))
    assert function.events[-1]["sessionState"]["intent"]["name"] == "Zeit"


def test_what_it_understands_may_change() -> None:
    """A session goes on, also in an intent that is no more."""
    function = FakeFunction(leave_to_lex)
    locales = {"en_US": locale_of(BOOKING)}
    lex = runtime(function, locales=locales)
    ask(lex, "book a table")
    locales["en_US"] = locale_of("[Goodbye]\nbye\n")
    for text, intent in [("two", "Book"), ("bye", "Goodbye"), ("book a table", "FallbackIntent")]:
        ask(lex, text)
        assert function.events[-1]["sessionState"]["intent"]["name"] == intent


def test_a_dialog_hook_elicits_again() -> None:
    def check(event: dict[str, Any]) -> Any:
        intent = event["sessionState"]["intent"]
        if value_of(intent["slots"]["Guests"]) in ("none", "a crowd"):
            words = "A number, please." if event["inputTranscript"] == "none" else ""
            emptied = intent | {"slots": intent["slots"] | {"Guests": None}}
            return action_response("ElicitSlot", emptied, words, slotToElicit="Guests")
        return leave_to_lex(event)

    lex, _ = booking_bot(check)
    replies = [
        text_of(ask(lex, text)) for text in ("book a table", "none", "a crowd", "five", "8 pm")
    ]
    assert replies == [
        "For how many?",
        "A number, please.",
        "For how many?",
        "At what time?",
        "Book: {'Guests': 'five', 'Time': '8 pm'}",
    ]


def test_a_lambda_elicits_a_slot_of_its_own() -> None:
    def ask_for_email(event: dict[str, Any]) -> Any:
        intent = event["sessionState"]["intent"]
        if intent["slots"].get("Email") is None:
            return action_response("ElicitSlot", intent, "Your address?", slotToElicit="Email")
        return close(value_of(intent["slots"]["Email"]) or "")

    lex = runtime(FakeFunction(ask_for_email))
    assert text_of(ask(lex, "remind me")) == "Your address?"
    assert text_of(ask(lex, "me@example.com")) == "me@example.com"


def confirm_first(event: dict[str, Any]) -> Any:
    """Ask for a yes once all is known."""
    intent = event["sessionState"]["intent"]
    is_whole = all(intent["slots"].values())
    if event["invocationSource"] == "DialogCodeHook" and intent["name"] == "Book" and is_whole:
        if intent["confirmationState"] == "None":
            return action_response("ConfirmIntent", intent, "Is that right?")
    return leave_to_lex(event)


def test_a_confirmed_intent_is_fulfilled() -> None:
    lex, function = booking_bot(confirm_first)
    question = ask(lex, "book a table for five at 8 pm")
    assert (text_of(question), state_of(question)) == (
        "Is that right?",
        ("ConfirmIntent", "InProgress", "None"),
    )
    response = ask(lex, "Yes, please.")
    assert text_of(response) == "Book: {'Guests': 'five', 'Time': '8 pm'}"
    assert state_of(response) == ("Close", "Fulfilled", "Confirmed")
    assert function.sources[-2:] == ["DialogCodeHook", "FulfillmentCodeHook"]


def test_a_denied_intent_fails() -> None:
    lex, function = booking_bot(confirm_first)
    ask(lex, "book a table for five at 8 pm")
    response = ask(lex, "No")
    # Lex would say its declination response, which no file knows.
    assert response["messages"] == []
    assert state_of(response) == ("Close", "Failed", "Denied")
    assert "FulfillmentCodeHook" not in function.sources
    # And it is over.
    assert text_of(ask(lex, "book a table")) == "For how many?"
    assert function.events[-1]["sessionState"]["intent"]["confirmationState"] == "None"


def test_a_slot_that_the_intent_has_not_is_reported() -> None:
    def elicit(event: dict[str, Any]) -> Any:
        intent, slot = event["sessionState"]["intent"], event["inputTranscript"]
        return action_response("ElicitSlot", intent, f"{slot}?", slotToElicit=slot)

    reports: list[str] = []
    lex = runtime(FakeFunction(elicit), locales={"en_US": lamp_locale()}, report=reports.append)
    ask(lex, "order a lamp")
    (report,) = reports
    assert report.startswith("Warning: Order has no slot order a lamp, which was elicited")
    ask(lex, "Size")
    assert len(reports) == 1


def test_eliciting_an_intent_ends_the_dialog() -> None:
    def elicit_intent(event: dict[str, Any]) -> Any:
        if event["inputTranscript"] == "never mind":
            return action_response("ElicitIntent", None, "What else?")
        return leave_to_lex(event)

    lex, _ = booking_bot(elicit_intent)
    ask(lex, "book a table")
    response = ask(lex, "never mind")
    assert text_of(response) == "What else?"
    assert response["sessionState"]["dialogAction"] == {"type": "ElicitIntent"}
    # Lex Web UI then looks into the interpretations.
    assert "intent" not in response["sessionState"]
    assert response["interpretations"][0]["intent"]["name"] == "Book"
    assert "intent" not in lex.get_session(KEY)["sessionState"]
    assert text_of(ask(lex, "when are you open")) == "Opening: {}"


def test_a_hooks_messages_replace_the_prompt() -> None:
    def talk(event: dict[str, Any]) -> Any:
        return action_response("Delegate", event["sessionState"]["intent"], "First of all: who?")

    lex, _ = booking_bot(talk)
    response = ask(lex, "book a table")
    assert text_of(response) == "First of all: who?"
    assert response["sessionState"]["dialogAction"]["slotToElicit"] == "Guests"


def test_a_failed_turn_leaves_the_dialog_as_it_was() -> None:
    def fail_at_once(event: dict[str, Any]) -> Any:
        if event["inputTranscript"] == "fail" or "open" in event["inputTranscript"]:
            return FunctionError("KeyError")
        return leave_to_lex(event)

    lex, _ = booking_bot(fail_at_once)
    ask(lex, "book a table")
    before = lex.get_session(KEY)
    for text in ("fail", "when are you open"):
        assert refusal(lex.recognize_text(KEY, {"text": text})).status == 424
        assert lex.get_session(KEY) == before
    assert text_of(ask(lex, "five")) == "At what time?"


def test_other_intents_have_both_hooks() -> None:
    lex, function = booking_bot()
    ask(lex, "when are you open")
    assert function.sources == ["DialogCodeHook", "FulfillmentCodeHook"]
    ask(lex, "anything")
    assert function.sources[2:] == ["FulfillmentCodeHook"]


# --- failures


def test_a_functions_error_is_not_quoted() -> None:
    function = FakeFunction(FunctionError("LookupError"))
    error = refusal(runtime(function).recognize_text(KEY, {"text": "hello"}))

    assert (error.status, error.code) == (424, "DependencyFailedException")
    assert "Received error response from Lambda: Unhandled" in error.message
    assert "LookupError" not in error.message


def test_a_slow_function_fails_the_turn() -> None:
    lex = runtime(StuckFunction(), lambda_timeout_seconds=0.01)
    error = refusal(lex.recognize_text(KEY, {"text": "hello"}))

    assert (error.status, error.code) == (424, "DependencyFailedException")
    assert "permissible time of 0.01 seconds" in error.message


@pytest.mark.parametrize("session_id", ["", "x", "x" * 101, "session 1", "session/1", "sé", "ab\n"])
def test_an_invalid_session_id_is_refused(session_id: str) -> None:
    lex, key = runtime(FakeFunction(close())), KEY._replace(session_id=session_id)

    assert refusal(lex.recognize_text(key, {"text": "a"})).code == "ValidationException"
    put = refusal(lambda: lex.put_session(key, {"sessionState": {}}))
    assert put.code == "ValidationException"


# --- sessions


def test_a_session_can_be_read_after_a_turn() -> None:
    lex = runtime(FakeFunction(close("a reply", {"a": "b"})))
    response = ask(lex)
    session = lex.get_session(KEY)

    assert session["sessionId"] == "session-1"
    assert session["messages"] == response["messages"]
    assert session["interpretations"] == response["interpretations"]
    assert session["sessionState"]["sessionAttributes"] == {"a": "b"}


def test_put_session_begins_and_changes_a_session() -> None:
    function = FakeFunction(lambda event: close("a", event["sessionState"]["sessionAttributes"]))
    lex = runtime(function)
    message = {"contentType": "PlainText", "content": "welcome"}
    lex.put_session(KEY, {"sessionState": {"sessionAttributes": {"a": "1"}}, "messages": [message]})
    assert lex.get_session(KEY)["messages"] == [message]
    ask(lex)
    lex.put_session(KEY, {"sessionState": {"sessionAttributes": {"a": "2"}}})
    ask(lex)
    seen = [event["sessionState"]["sessionAttributes"] for event in function.events]

    assert seen == [{"a": "1"}, {"a": "2"}]


def test_an_intent_that_is_put_begins_with_its_prompt() -> None:
    lex = runtime(FakeFunction(leave_to_lex), locales={"en_US": locale_of(BOOKING)})
    state = {
        "intent": {"name": "Book"},
        "dialogAction": {"type": "ElicitSlot", "slotToElicit": "Time"},
    }
    session = lex.put_session(KEY, {"sessionState": state})

    assert session.messages == [{"contentType": "PlainText", "content": "At what time?"}]
    # What the user says next is the slot's value, and Lex goes on from there.
    response = ask(lex, "at noon")
    assert response["sessionState"]["intent"]["slots"]["Time"] == new_slot("at noon")
    assert text_of(response) == "For how many?"


def test_messages_that_are_put_replace_the_prompt() -> None:
    lex = runtime(FakeFunction(close()), locales={"en_US": locale_of(BOOKING)})
    message = {"contentType": "PlainText", "content": "When?"}
    state = {
        "intent": {"name": "Book"},
        "dialogAction": {"type": "ElicitSlot", "slotToElicit": "Time"},
    }
    session = lex.put_session(KEY, {"sessionState": state, "messages": [message]})

    assert session.messages == [message]


def test_a_deleted_session_is_forgotten() -> None:
    lex = runtime(FakeFunction(close("a", {"a": "b"})))
    ask(lex)
    assert lex.delete_session(KEY) == {
        "botId": "LOCALBOT01",
        "botAliasId": "TSTALIASID",
        "localeId": "en_US",
        "sessionId": "session-1",
    }

    for call in (lex.get_session, lex.delete_session):
        error = refusal(lambda call=call: call(KEY))  # type: ignore[misc]
        assert (error.status, error.code) == (404, "ResourceNotFoundException")


def test_a_session_ends_after_five_idle_minutes() -> None:
    clock = FakeClock()
    function = FakeFunction(close("a", {"a": "b"}))
    lex = runtime(function, clock=clock)
    ask(lex)
    clock.advance(300)
    assert lex.get_session(KEY)["sessionState"]["sessionAttributes"] == {"a": "b"}
    clock.advance(0.1)
    assert refusal(lambda: lex.get_session(KEY)).status == 404
    assert refusal(lambda: lex.delete_session(KEY)).status == 404
    ask(lex)
    assert function.events[-1]["sessionState"]["sessionAttributes"] == {}


# --- concurrency


class SteppedFunction:
    """Says when it has begun, and returns when it is let."""

    def __init__(self) -> None:
        self.began: asyncio.Queue[str] = asyncio.Queue()
        self.returned: list[str] = []
        self.may_return = asyncio.Semaphore(0)

    async def invoke(self, event: dict[str, Any]) -> bytes:
        text = event["inputTranscript"]
        self.began.put_nowait(text)
        await self.may_return.acquire()
        self.returned.append(text)
        return json.dumps(close(text)).encode()


@pytest.mark.anyio
async def test_requests_of_a_session_run_in_turn() -> None:
    function = SteppedFunction()
    lex = runtime(function)
    turns = [
        asyncio.create_task(lex.recognize_text(KEY, {"text": text})) for text in ("one", "two")
    ]
    # Another session does not wait, so by then the second request has had its chance.
    other = KEY._replace(session_id="session-2")
    turns.append(asyncio.create_task(lex.recognize_text(other, {"text": "other"})))
    assert [await function.began.get(), await function.began.get()] == ["one", "other"]
    assert function.began.empty()
    for _ in turns:
        function.may_return.release()
    replies = [turn["messages"][0]["content"] for turn in await asyncio.gather(*turns)]
    assert replies == ["one", "two", "other"]
    assert function.returned.index("one") < function.returned.index("two")


@pytest.mark.anyio
async def test_a_session_does_not_end_during_a_turn() -> None:
    function, clock = SteppedFunction(), FakeClock()
    lex = runtime(function, clock=clock)
    turn = asyncio.create_task(lex.recognize_text(KEY, {"text": "one"}))
    await function.began.get()
    clock.advance(1000)
    assert lex.get_session(KEY)["sessionId"] == "session-1"
    function.may_return.release()
    await turn
    clock.advance(300)
    assert lex.get_session(KEY)["sessionId"] == "session-1"
