"""Lex without HTTP: a fake function as its Lambda, a clock that passes when told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from handlers import close

from fakes import FakeClock
from fulfillment.lex import LexEvent
from websocket_stack.local.aws import ServiceError
from websocket_stack.local.functions import FunctionError
from websocket_stack.local.lex_runtime import LexRuntime, SessionKey

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
    assert state["intent"] == {"name": "FallbackIntent", "state": "Fulfilled"}
    assert state["sessionAttributes"] == {"kept": "yes"}
    assert len(state["originatingRequestId"]) == 36
    assert response["interpretations"] == [
        {
            "intent": {"name": "FallbackIntent", "state": "Fulfilled"},
            "interpretationSource": "Lex",
        }
    ]


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


def test_without_hooks_the_turn_closes_without_a_message() -> None:
    function = FakeFunction()
    response = ask(runtime(function, hooks=()))

    assert function.events == []
    assert response["messages"] == []


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
