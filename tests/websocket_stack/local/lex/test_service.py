"""Lex without HTTP: a fake function as its Lambda, a clock that passes when told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from handlers import close
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from fakes import FakeClock
from fulfillment.lex.events import LexEvent
from stack_fixture import client, running_app, session
from websocket_stack.local.aws_json import ServiceError, error_response
from websocket_stack.local.functions.function import FunctionError
from websocket_stack.local.lex import routes as operations
from websocket_stack.local.lex.code_hooks import slot_of
from websocket_stack.local.lex.service import LexRuntime, SessionKey
from websocket_stack.local.lex.utterances import Understanding

KEY = SessionKey("LOCALBOT01", "TSTALIASID", "en_US", "session-1")
BOTH_HOOKS = ("DialogCodeHook", "FulfillmentCodeHook")
DELEGATE = {
    "sessionState": {
        "dialogAction": {"type": "Delegate"},
        "intent": {"name": "FallbackIntent", "state": "InProgress"},
    }
}


class FakeFunction:
    """Keeps its events; answers with what a function of the event returns, or raises it."""

    def __init__(self, answer: Callable[[dict[str, Any]], Any] = lambda event: close()) -> None:
        self._answer = answer
        self.events: list[dict[str, Any]] = []

    async def invoke(self, event: dict[str, Any]) -> bytes:
        self.events.append(json.loads(json.dumps(event)))
        returned = self._answer(event)
        if isinstance(returned, Exception):
            raise returned
        return json.dumps(returned).encode()

    @property
    def sources(self) -> list[str]:
        return [event["invocationSource"] for event in self.events]


def runtime(function: Any, **options: Any) -> LexRuntime:
    return LexRuntime(function, clock=options.pop("clock", FakeClock()), **options)


def ask(lex: LexRuntime, text: str = "hello", key: SessionKey = KEY, **request: Any) -> Any:
    return asyncio.run(lex.recognize_text(key, {"text": text, **request}))


def refusal(call: Callable[[], object] | Awaitable[object]) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        call() if callable(call) else asyncio.run(call)  # type: ignore[arg-type]
    return refused.value


# --- the turn


def test_the_event_is_what_the_console_sends() -> None:
    function = FakeFunction()
    ask(runtime(function), "tell me", requestAttributes={"a": "b"})
    [event] = function.events

    request_id = event["sessionState"].pop("originatingRequestId")
    assert len(request_id) == 36
    intent = {
        "name": "FallbackIntent",
        "slots": {},
        "state": "ReadyForFulfillment",
        "confirmationState": "None",
    }
    assert event == {
        "messageVersion": "1.0",
        "invocationSource": "FulfillmentCodeHook",
        "inputMode": "Text",
        "responseContentType": "text/plain; charset=utf-8",
        "sessionId": "session-1",
        "inputTranscript": "tell me",
        "bot": {
            "id": "LOCALBOT01",
            "name": "LocalBot",
            "localeId": "en_US",
            "version": "DRAFT",
            "aliasId": "TSTALIASID",
            "aliasName": "TestBotAlias",
        },
        "interpretations": [{"intent": intent, "interpretationSource": "Lex"}],
        "sessionState": {"sessionAttributes": {}, "activeContexts": [], "intent": intent},
        "transcriptions": [
            {
                "transcription": "tell me",
                "transcriptionConfidence": 1.0,
                "resolvedContext": {"intent": "FallbackIntent"},
                "resolvedSlots": {},
            }
        ],
        "requestAttributes": {"a": "b"},
    }


def test_the_event_has_the_keys_of_recorded_ones(load_event) -> None:
    function = FakeFunction()
    ask(runtime(function))

    assert set(function.events[0]) == set(load_event("lex_web_ui_second_turn"))


def test_request_attributes_are_absent_where_there_are_none() -> None:
    function = FakeFunction()
    ask(runtime(function))

    assert "requestAttributes" not in function.events[0]


def test_another_alias_is_a_version_and_not_the_draft() -> None:
    function = FakeFunction()
    ask(runtime(function), key=KEY._replace(alias_id="KLMNOPQRST"))

    assert function.events[0]["bot"]["version"] == "1"


def test_the_project_reads_the_event() -> None:
    function = FakeFunction()
    ask(runtime(function), "tell me")
    event = LexEvent.from_dict(function.events[0])

    assert (event.session_id, event.utterance) == ("session-1", "tell me")
    assert (event.intent.name, event.is_answered_now) == ("FallbackIntent", True)


def test_the_reply_is_what_the_function_returned() -> None:
    function = FakeFunction(
        lambda event: close("a reply", {"kept": "yes"}, requestAttributes={"c": "d"})
    )
    response = ask(runtime(function))

    assert response["messages"] == [{"contentType": "PlainText", "content": "a reply"}]
    assert response["sessionId"] == "session-1"
    assert response["requestAttributes"] == {"c": "d"}
    state = response["sessionState"]
    assert state["dialogAction"] == {"type": "Close"}
    # With all that Lex says of an intent, which the function need not.
    intent = {
        "name": "FallbackIntent",
        "slots": {},
        "state": "Fulfilled",
        "confirmationState": "None",
    }
    assert state["intent"] == intent
    assert state["sessionAttributes"] == {"kept": "yes"}
    assert len(state["originatingRequestId"]) == 36
    assert response["interpretations"] == [{"intent": intent, "interpretationSource": "Lex"}]


def test_attributes_are_kept_from_turn_to_turn() -> None:
    def count(event: dict[str, Any]) -> Any:
        kept = event["sessionState"]["sessionAttributes"]
        return close("counted", kept | {"count": str(int(kept.get("count", 0)) + 1)})

    lex = runtime(FakeFunction(count))
    for expected in ("1", "2", "3"):
        assert ask(lex)["sessionState"]["sessionAttributes"] == {"count": expected}


def test_attributes_of_the_client_replace_the_kept_ones() -> None:
    function = FakeFunction(lambda event: close("a", event["sessionState"]["sessionAttributes"]))
    lex = runtime(function)
    ask(lex, sessionState={"sessionAttributes": {"a": "1"}})
    ask(lex, sessionState={"sessionAttributes": {"b": "2"}})
    ask(lex, sessionState={})
    seen = [event["sessionState"]["sessionAttributes"] for event in function.events]

    assert seen == [{"a": "1"}, {"b": "2"}, {"b": "2"}]


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


def test_with_both_hooks_the_dialog_hook_comes_first_and_its_close_is_the_end() -> None:
    function = FakeFunction()
    response = ask(runtime(function, hooks=BOTH_HOOKS))

    assert function.sources == ["DialogCodeHook"]
    assert function.events[0]["sessionState"]["intent"]["state"] == "InProgress"
    assert response["messages"][0]["content"] == "done"


def test_a_dialog_hook_that_delegates_leads_to_the_fulfillment_hook() -> None:
    function = FakeFunction(
        lambda event: DELEGATE if event["invocationSource"] == "DialogCodeHook" else close("reply")
    )
    response = ask(runtime(function, hooks=BOTH_HOOKS))

    assert function.sources == ["DialogCodeHook", "FulfillmentCodeHook"]
    assert function.events[1]["sessionState"]["intent"]["state"] == "ReadyForFulfillment"
    assert response["messages"][0]["content"] == "reply"
    assert response["sessionState"]["dialogAction"] == {"type": "Close"}


def test_attributes_of_the_dialog_hook_reach_the_fulfillment_hook() -> None:
    def answer(event: dict[str, Any]) -> Any:
        if event["invocationSource"] == "DialogCodeHook":
            return {"sessionState": DELEGATE["sessionState"] | {"sessionAttributes": {"a": "b"}}}
        return close()

    function = FakeFunction(answer)
    ask(runtime(function, hooks=BOTH_HOOKS))

    assert function.events[1]["sessionState"]["sessionAttributes"] == {"a": "b"}


def test_a_fulfillment_hook_cannot_delegate() -> None:
    error = refusal(
        runtime(FakeFunction(lambda event: DELEGATE)).recognize_text(KEY, {"text": "a"})
    )

    assert error.code == "DependencyFailedException"
    assert "cannot return Delegate" in error.message


def test_without_hooks_the_turn_closes_without_a_message_for_the_client_to_fulfil() -> None:
    function = FakeFunction()
    response = ask(runtime(function, hooks=()))

    assert function.events == []
    assert response["messages"] == []
    assert response["sessionState"]["dialogAction"] == {"type": "Close"}
    assert response["sessionState"]["intent"]["state"] == "ReadyForFulfillment"


def test_delegated_by_the_only_hook_it_is_for_the_client_to_fulfil_too() -> None:
    response = ask(runtime(FakeFunction(lambda event: DELEGATE), hooks=("DialogCodeHook",)))

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


def said(response: Any) -> str:
    return " ".join(message["content"] for message in response["messages"])


def state_of(response: Any) -> tuple[str, str, str]:
    """Return the dialog action, and the state and confirmation of the intent."""
    state = response["sessionState"]
    intent = state["intent"]
    return state["dialogAction"]["type"], intent["state"], intent["confirmationState"]


def booking_bot(answer: Callable[[dict[str, Any]], Any] = leave_to_lex) -> tuple[Any, FakeFunction]:
    function = FakeFunction(answer)
    return runtime(function, understanding=Understanding(BOOKING)), function


def test_lex_elicits_slots_by_its_own_prompts_and_then_fulfils() -> None:
    lex, function = booking_bot()
    first = ask(lex, "Book a table!")
    assert said(first) == "For how many?"
    assert first["sessionState"]["dialogAction"] == {
        "type": "ElicitSlot",
        "slotToElicit": "Guests",
    }
    assert state_of(first) == ("ElicitSlot", "InProgress", "None")
    assert said(ask(lex, "five")) == "At what time?"
    last = ask(lex, "8 pm")
    assert said(last) == "Book: {'Guests': 'five', 'Time': '8 pm'}"
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
def test_slots_that_were_said_are_not_elicited(utterances, calls) -> None:
    lex, function = booking_bot()
    responses = [ask(lex, utterance) for utterance in utterances]
    assert said(responses[-1]) == "Book: {'Guests': 'five', 'Time': '8 pm'}"
    assert len(function.events) == calls


def test_a_closed_intent_is_over() -> None:
    lex, function = booking_bot()
    ask(lex, "book a table for five at 8 pm")
    ask(lex, "five")
    assert function.events[-1]["sessionState"]["intent"]["name"] == "FallbackIntent"
    assert said(ask(lex, "book a table")) == "For how many?"


def test_the_event_holds_all_slots_and_the_utterance() -> None:
    lex, function = booking_bot()
    ask(lex, "book a table")
    ask(lex, "Five.")
    event = function.events[-1]
    assert event["inputTranscript"] == "Five."
    assert event["sessionState"]["intent"] == {
        "name": "Book",
        "slots": {"Guests": slot_of("Five."), "Time": None},
        "state": "InProgress",
        "confirmationState": "None",
    }
    assert event["transcriptions"][0]["resolvedSlots"] == {"Guests": slot_of("Five.")}


def test_a_dialog_hook_elicits_again_in_its_own_words_or_in_lexs() -> None:
    def check(event: dict[str, Any]) -> Any:
        intent = event["sessionState"]["intent"]
        if value_of(intent["slots"]["Guests"]) in ("none", "a crowd"):
            words = "A number, please." if event["inputTranscript"] == "none" else ""
            emptied = intent | {"slots": intent["slots"] | {"Guests": None}}
            return action_response("ElicitSlot", emptied, words, slotToElicit="Guests")
        return leave_to_lex(event)

    lex, _ = booking_bot(check)
    replies = [said(ask(lex, text)) for text in ("book a table", "none", "a crowd", "five", "8 pm")]
    assert replies == [
        "For how many?",
        "A number, please.",
        "For how many?",
        "At what time?",
        "Book: {'Guests': 'five', 'Time': '8 pm'}",
    ]


def test_a_slot_that_no_file_knows_can_be_elicited_by_a_lambda() -> None:
    def ask_for_email(event: dict[str, Any]) -> Any:
        intent = event["sessionState"]["intent"]
        if intent["slots"].get("Email") is None:
            return action_response("ElicitSlot", intent, "Your address?", slotToElicit="Email")
        return close(value_of(intent["slots"]["Email"]) or "")

    lex = runtime(FakeFunction(ask_for_email))
    assert said(ask(lex, "remind me")) == "Your address?"
    assert said(ask(lex, "me@example.com")) == "me@example.com"


def confirm_first(event: dict[str, Any]) -> Any:
    """Ask for a yes once all is known."""
    intent = event["sessionState"]["intent"]
    is_whole = all(intent["slots"].values())
    if event["invocationSource"] == "DialogCodeHook" and intent["name"] == "Book" and is_whole:
        if intent["confirmationState"] == "None":
            return action_response("ConfirmIntent", intent, "Is that right?")
    return leave_to_lex(event)


def test_confirmed_an_intent_is_fulfilled() -> None:
    lex, function = booking_bot(confirm_first)
    asked = ask(lex, "book a table for five at 8 pm")
    assert (said(asked), state_of(asked)) == (
        "Is that right?",
        ("ConfirmIntent", "InProgress", "None"),
    )
    response = ask(lex, "Yes, please.")
    assert said(response) == "Book: {'Guests': 'five', 'Time': '8 pm'}"
    assert state_of(response) == ("Close", "Fulfilled", "Confirmed")
    assert function.sources[-2:] == ["DialogCodeHook", "FulfillmentCodeHook"]


def test_denied_an_intent_has_failed_and_is_not_fulfilled() -> None:
    lex, function = booking_bot(confirm_first)
    ask(lex, "book a table for five at 8 pm")
    response = ask(lex, "No")
    # Lex would say its declination response, which no file knows.
    assert response["messages"] == []
    assert state_of(response) == ("Close", "Failed", "Denied")
    assert "FulfillmentCodeHook" not in function.sources
    # And it is over.
    assert said(ask(lex, "book a table")) == "For how many?"
    assert function.events[-1]["sessionState"]["intent"]["confirmationState"] == "None"


def test_a_lambda_may_make_something_of_a_no() -> None:
    def ask_when(event: dict[str, Any]) -> Any:
        intent = event["sessionState"]["intent"]
        if intent["confirmationState"] == "Denied":
            emptied = intent | {
                "slots": intent["slots"] | {"Time": None},
                "confirmationState": "None",
            }
            return action_response("ElicitSlot", emptied, slotToElicit="Time")
        return confirm_first(event)

    lex, _ = booking_bot(ask_when)
    ask(lex, "book a table for five at 8 pm")
    assert said(ask(lex, "no")) == "At what time?"
    assert said(ask(lex, "9 pm")) == "Is that right?"
    assert said(ask(lex, "yes")) == "Book: {'Guests': 'five', 'Time': '9 pm'}"


def test_neither_yes_nor_no_is_for_the_fallback() -> None:
    lex, function = booking_bot(confirm_first)
    ask(lex, "book a table for five at 8 pm")
    assert said(ask(lex, "why do you ask")) == "FallbackIntent: {}"
    assert function.sources[-1] == "FulfillmentCodeHook"
    # The question is no longer open.
    assert said(ask(lex, "yes")) == "FallbackIntent: {}"


@pytest.mark.parametrize("before", ["book a table", "book a table for five at 8 pm"])
def test_another_intent_in_between_ends_the_dialog(before) -> None:
    lex, _ = booking_bot(confirm_first)
    assert state_of(ask(lex, before))[1] == "InProgress"
    assert said(ask(lex, "When are you open?")) == "Opening: {}"
    assert said(ask(lex, "yes")) == "FallbackIntent: {}"


def test_eliciting_an_intent_there_is_none_until_the_user_says_so() -> None:
    def elicit_intent(event: dict[str, Any]) -> Any:
        if event["inputTranscript"] == "never mind":
            return action_response("ElicitIntent", None, "What else?")
        return leave_to_lex(event)

    lex, _ = booking_bot(elicit_intent)
    ask(lex, "book a table")
    response = ask(lex, "never mind")
    assert said(response) == "What else?"
    assert response["sessionState"]["dialogAction"] == {"type": "ElicitIntent"}
    # Lex Web UI then looks into the interpretations.
    assert "intent" not in response["sessionState"]
    assert response["interpretations"][0]["intent"]["name"] == "Book"
    assert "intent" not in lex.get_session(KEY)["sessionState"]
    assert said(ask(lex, "when are you open")) == "Opening: {}"


def test_words_of_a_dialog_hook_take_the_place_of_lexs_prompt() -> None:
    def talk(event: dict[str, Any]) -> Any:
        return action_response("Delegate", event["sessionState"]["intent"], "First of all: who?")

    lex, _ = booking_bot(talk)
    response = ask(lex, "book a table")
    assert said(response) == "First of all: who?"
    assert response["sessionState"]["dialogAction"]["slotToElicit"] == "Guests"


def test_a_turn_whose_lambda_fails_leaves_the_dialog_where_it_was() -> None:
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
    assert said(ask(lex, "five")) == "At what time?"


def test_both_hooks_are_on_for_every_intent_but_the_fallback() -> None:
    lex, function = booking_bot()
    ask(lex, "when are you open")
    assert function.sources == ["DialogCodeHook", "FulfillmentCodeHook"]
    ask(lex, "anything")
    assert function.sources[2:] == ["FulfillmentCodeHook"]


def test_sessions_have_dialogs_of_their_own() -> None:
    lex, _ = booking_bot()
    other = KEY._replace(session_id="session-2")
    ask(lex, "book a table")
    assert said(ask(lex, "five", key=other)) == "FallbackIntent: {}"
    assert said(ask(lex, "five")) == "At what time?"


def test_a_dialog_is_over_when_its_session_is() -> None:
    clock = FakeClock()
    lex = runtime(FakeFunction(leave_to_lex), understanding=Understanding(BOOKING), clock=clock)
    ask(lex, "book a table")
    clock.advance(301)
    assert said(ask(lex, "five")) == "FallbackIntent: {}"


# --- as boto3 reads it


@pytest.fixture(scope="module")
def boto3_lex() -> Iterator[Any]:
    """A real client of a Lex that books tables, over HTTP."""
    lex, _ = booking_bot(confirm_first)
    app = Starlette(
        routes=[Route("/health", lambda request: Response()), *operations.routes(lex)],
        exception_handlers={ServiceError: error_response},
    )
    with running_app(app) as origin, closing(client("lexv2-runtime", origin)) as made:
        yield made


def test_boto3_reads_every_turn_of_a_dialog(boto3_lex) -> None:
    key = session("dialog-1")
    turns = [
        boto3_lex.recognize_text(**key, text=text)
        for text in ("book a table", "five", "8 pm", "yes")
    ]
    assert [said(turn) for turn in turns] == [
        "For how many?",
        "At what time?",
        "Is that right?",
        "Book: {'Guests': 'five', 'Time': '8 pm'}",
    ]
    assert [turn["sessionState"]["dialogAction"]["type"] for turn in turns] == [
        "ElicitSlot",
        "ElicitSlot",
        "ConfirmIntent",
        "Close",
    ]
    slots = turns[-1]["sessionState"]["intent"]["slots"]
    assert slots["Guests"]["value"]["interpretedValue"] == "five"


def test_boto3_reads_the_confidence_as_a_score(boto3_lex) -> None:
    # Its parser fails on a number there, with an AttributeError.
    response = boto3_lex.recognize_text(**session("dialog-2"), text="when are you open")
    first, fallback = response["interpretations"]
    assert (first["intent"]["name"], first["nluConfidence"]) == ("Opening", {"score": 1.0})
    assert (fallback["intent"]["name"], fallback.get("nluConfidence")) == ("FallbackIntent", None)
    read = boto3_lex.get_session(**session("dialog-2"))
    assert read["interpretations"] == response["interpretations"]


def test_boto3_puts_an_intent_and_goes_on_from_it(boto3_lex) -> None:
    key = session("dialog-3")
    response = boto3_lex.put_session(
        **key,
        sessionState={
            "intent": {"name": "Book", "slots": {"Time": slot_of("noon")}},
            "dialogAction": {"type": "ElicitSlot", "slotToElicit": "Guests"},
        },
    )
    response["audioStream"].close()
    assert boto3_lex.get_session(**key)["messages"][0]["content"] == "For how many?"
    assert said(boto3_lex.recognize_text(**key, text="two")) == "Is that right?"


# --- failures


def test_a_function_that_raises_failed_without_its_words() -> None:
    function = FakeFunction(lambda event: FunctionError("LookupError"))
    error = refusal(runtime(function).recognize_text(KEY, {"text": "hello"}))

    assert (error.status, error.code) == (424, "DependencyFailedException")
    assert "Received error response from Lambda: Unhandled" in error.message
    assert "LookupError" not in error.message


def test_a_function_that_returns_nonsense_failed() -> None:
    function = FakeFunction(lambda event: {"answer": 42})
    error = refusal(runtime(function).recognize_text(KEY, {"text": "hello"}))

    assert (error.status, error.code) == (424, "DependencyFailedException")


def test_a_function_slower_than_the_permissible_time_failed() -> None:
    async def test() -> None:
        function = SteppedFunction()
        lex = runtime(function, lambda_timeout_seconds=0.05)
        with pytest.raises(ServiceError) as refused:
            await lex.recognize_text(KEY, {"text": "hello"})
        assert (refused.value.status, refused.value.code) == (424, "DependencyFailedException")
        assert "permissible time of 0.05 seconds" in refused.value.message

    asyncio.run(asyncio.wait_for(test(), 20))


def test_a_failed_turn_leaves_the_session_usable() -> None:
    answers = iter([FunctionError("KeyError"), close("better")])
    lex = runtime(FakeFunction(lambda event: next(answers)))
    refusal(lex.recognize_text(KEY, {"text": "hello"}))

    assert ask(lex)["messages"][0]["content"] == "better"


@pytest.mark.parametrize(
    ("request_body", "reason"),
    [
        ({}, "text must have 1 to 1024 characters"),
        ({"text": None}, "text must have"),
        ({"text": ""}, "text must have"),
        ({"text": "x" * 1025}, "text must have"),
        ({"text": ["hello"]}, "text must have"),
        ({"text": "a", "requestAttributes": {"a": 1}}, "requestAttributes is not a map"),
        ({"text": "a", "requestAttributes": ["a"]}, "requestAttributes is not a map"),
        ({"text": "a", "sessionState": "s"}, "sessionState is not an object"),
        ({"text": "a", "sessionState": {"sessionAttributes": {"a": 1}}}, "sessionAttributes"),
        ({"text": "a", "sessionState": {"sessionAttributes": "a"}}, "sessionAttributes"),
        ({"text": "a", "sessionState": {"activeContexts": 5}}, "activeContexts"),
        ({"text": "a", "sessionState": {"activeContexts": "abc"}}, "activeContexts"),
        ({"text": "a", "sessionState": {"intent": "FallbackIntent"}}, "intent"),
        ({"text": "a", "sessionState": {"dialogAction": ["Close"]}}, "dialogAction"),
        ({"text": "a", "sessionState": {"dialogAction": {}}}, "dialogAction.type is missing"),
        (
            {"text": "a", "sessionState": {"dialogAction": {"type": "ElicitSlot"}}},
            "dialogAction.slotToElicit is missing",
        ),
        ({"text": "a", "sessionState": {"intent": {"state": "Failed"}}}, "intent.name is missing"),
        ({"text": "a", "sessionState": {"intent": {"name": ["A"]}}}, "intent.name is missing"),
    ],
)
def test_a_request_that_lex_does_not_take_is_invalid(request_body, reason) -> None:
    function = FakeFunction()
    lex = runtime(function)
    error = refusal(lex.recognize_text(KEY, request_body))

    assert (error.status, error.code) == (400, "ValidationException")
    assert reason in error.message
    assert function.events == []
    # Nor has it begun a session.
    assert refusal(lambda: lex.get_session(KEY)).status == 404


@pytest.mark.parametrize("session_id", ["", "x", "x" * 101, "session 1", "session/1", "sé", "ab\n"])
def test_a_session_id_that_lex_does_not_take_is_invalid(session_id) -> None:
    lex, key = runtime(FakeFunction()), KEY._replace(session_id=session_id)

    assert refusal(lex.recognize_text(key, {"text": "a"})).code == "ValidationException"
    put = refusal(lambda: lex.put_session(key, {"sessionState": {}}))
    assert put.code == "ValidationException"


@pytest.mark.parametrize("text", ["x", "x" * 1024, "👋" * 1024])
def test_text_is_counted_in_characters(text) -> None:
    assert ask(runtime(FakeFunction()), text)["messages"]


# --- sessions


def test_a_session_can_be_read_after_a_turn() -> None:
    lex = runtime(FakeFunction(lambda event: close("a reply", {"a": "b"})))
    response = ask(lex)
    session = lex.get_session(KEY)

    assert session["sessionId"] == "session-1"
    assert session["messages"] == response["messages"]
    assert session["interpretations"] == response["interpretations"]
    assert session["sessionState"]["sessionAttributes"] == {"a": "b"}


def test_put_session_begins_a_session_and_changes_one() -> None:
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


@pytest.mark.parametrize(
    "request_body",
    [
        {},
        {"sessionState": None},
        {"sessionState": {"sessionAttributes": {"a": 1}}},
        {"sessionState": {}, "messages": "hello"},
    ],
)
def test_put_session_refuses_what_lex_does(request_body) -> None:
    lex = runtime(FakeFunction())

    error = refusal(lambda: lex.put_session(KEY, request_body))
    assert (error.status, error.code) == (400, "ValidationException")
    assert refusal(lambda: lex.get_session(KEY)).status == 404


def test_an_intent_can_be_put_and_is_begun_by_its_prompt() -> None:
    lex = runtime(FakeFunction(leave_to_lex), understanding=Understanding(BOOKING))
    state = {
        "intent": {"name": "Book"},
        "dialogAction": {"type": "ElicitSlot", "slotToElicit": "Time"},
    }
    session = lex.put_session(KEY, {"sessionState": state})

    assert session.messages == [{"contentType": "PlainText", "content": "At what time?"}]
    # What the user says next is the slot's value, and Lex goes on from there.
    response = ask(lex, "at noon")
    assert response["sessionState"]["intent"]["slots"]["Time"] == slot_of("at noon")
    assert said(response) == "For how many?"


def test_messages_that_are_put_take_the_place_of_lexs_prompt() -> None:
    lex = runtime(FakeFunction(), understanding=Understanding(BOOKING))
    message = {"contentType": "PlainText", "content": "When?"}
    state = {
        "intent": {"name": "Book"},
        "dialogAction": {"type": "ElicitSlot", "slotToElicit": "Time"},
    }
    session = lex.put_session(KEY, {"sessionState": state, "messages": [message]})

    assert session.messages == [message]


def test_contexts_and_the_action_of_a_session_can_be_put() -> None:
    function = FakeFunction()
    lex = runtime(function)
    context = {"name": "Ordering", "timeToLive": {"turnsToLive": 3}}
    action = {"type": "ElicitIntent"}
    lex.put_session(KEY, {"sessionState": {"activeContexts": [context], "dialogAction": action}})

    assert lex.get_session(KEY)["sessionState"] == {
        "activeContexts": [context],
        "sessionAttributes": {},
        "dialogAction": action,
    }
    ask(lex)
    assert function.events[0]["sessionState"]["activeContexts"] == [context]


def test_a_deleted_session_is_forgotten() -> None:
    lex = runtime(FakeFunction(lambda event: close("a", {"a": "b"})))
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


def test_a_session_is_over_after_five_idle_minutes() -> None:
    clock = FakeClock()
    function = FakeFunction(lambda event: close("a", {"a": "b"}))
    lex = runtime(function, clock=clock)
    ask(lex)
    clock.advance(300)
    assert lex.get_session(KEY)["sessionState"]["sessionAttributes"] == {"a": "b"}
    clock.advance(0.1)
    assert refusal(lambda: lex.get_session(KEY)).status == 404
    assert refusal(lambda: lex.delete_session(KEY)).status == 404
    ask(lex)
    assert function.events[-1]["sessionState"]["sessionAttributes"] == {}


@pytest.mark.parametrize("use", ["recognize_text", "put_session"])
def test_a_session_that_is_used_goes_on(use) -> None:
    clock = FakeClock()
    lex = runtime(FakeFunction(lambda event: close("a", {"a": "b"})), clock=clock)
    ask(lex)
    for _ in range(3):
        clock.advance(299)
        if use == "recognize_text":
            ask(lex)
        else:
            lex.put_session(KEY, {"sessionState": {}})

    assert lex.get_session(KEY)["sessionState"]["sessionAttributes"] == {"a": "b"}


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


def test_requests_of_one_session_run_one_after_the_other() -> None:
    async def test() -> None:
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

    asyncio.run(asyncio.wait_for(test(), 20))


def test_a_session_is_not_over_while_its_turn_runs() -> None:
    async def test() -> None:
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

    asyncio.run(asyncio.wait_for(test(), 20))
