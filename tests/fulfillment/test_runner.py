from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Any

import pytest

from fulfillment import Exchange, Notices
from fulfillment.assistant import GO_ON
from fulfillment.bot import Bot
from fulfillment.clients import Browser
from fulfillment.errors import (
    AddressContested,
    HandlerError,
    ModelInterrupted,
    ModelUnavailable,
)
from fulfillment.lex.fitting import ESCAPES_NON_ASCII
from fulfillment.memory.conversation import ATTRIBUTE
from fulfillment.models.base import Completion, Message, Prompt, StopReason, ToolCall
from fulfillment.runner import REQUEST_FIRST_SECONDS
from fulfillment.testing import Context
from fulfillment.tools import Tool
from fulfillment.tools.toolbox import MAX_RESULT_CHARACTERS
from fulfillment.turn import Turn
from tests.fakes import FakeAddresses, FakeChannel, FakeMemory
from tests.log_records import logged
from tests.turns import bot_of, dialog_event, intent_event, model_of, next_event, reply_of, taken

WORDS = Notices()
# Half of what the functions here that hang take.
MOMENT_SECONDS = 10.0


@pytest.mark.parametrize("error", [ModelUnavailable("x"), ValueError("a secret")])
def test_a_failure_without_text_is_a_plain_sentence(
    event: dict[str, Any], error: Exception
) -> None:
    assert reply_of(bot_of(error).lambda_handler(event, Context())) == (WORDS.failed, "Failed")


def test_a_failure_after_some_text_keeps_it(event: dict[str, Any]) -> None:
    bot = bot_of("So far so good.", ModelInterrupted("x"))
    assert reply_of(bot.lambda_handler(event, Context())) == (
        f"So far so good.\n\n{WORDS.interrupted}",
        "Fulfilled",
    )


@pytest.mark.parametrize("script", [(), ("",), ("  \n",)])
def test_an_empty_answer_is_a_plain_sentence(
    event: dict[str, Any], script: tuple[str, ...]
) -> None:
    assert reply_of(bot_of(*script).lambda_handler(event, Context()))[0] == WORDS.empty


def test_at_the_deadline_there_is_what_was_written(event: dict[str, Any]) -> None:
    never = threading.Event()
    bot = bot_of("One. Two. Thr", never, "ee.")
    content, state = reply_of(bot.lambda_handler(event, Context(remaining_ms=1_600)))
    assert (content, state) == (f"One. Two.\n\n{WORDS.cut}", "Fulfilled")
    assert model_of(bot).streams[0].closed.wait(10)


def test_at_the_deadline_without_text_it_fails(event: dict[str, Any]) -> None:
    bot = bot_of(threading.Event())
    assert reply_of(bot.lambda_handler(event, Context(remaining_ms=1_600))) == (
        WORDS.failed,
        "Failed",
    )


def test_the_model_does_not_wait_for_the_table(event: dict[str, Any]) -> None:
    called = threading.Event()

    class Slow(FakeAddresses):
        def find(self, session_id: Any) -> Any:
            assert called.wait(5)
            return super().find(session_id)

    bot = bot_of(addresses=Slow())

    @bot.fallback
    def answer(turn: Turn) -> str:
        called.set()
        return "Hello."

    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."


def test_the_models_request_leaves_before_clients_are_made(event: dict[str, Any]) -> None:
    """A cold start would make the model wait for them."""
    found = []

    class Asked(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            return super().wait(5)

    asked = Asked()

    def browser() -> Browser:
        found.append(asked.is_set())
        return Browser(FakeAddresses(), FakeChannel())

    bot = bot_of()
    bot.resources = bot.resources._replace(browser=browser, model_asked=asked)

    @bot.fallback
    def answer(turn: Turn) -> Iterator[str]:
        asked.set()
        yield "Hello."
        while not found:
            yield ""

    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."
    assert found == [True]


def test_a_handler_that_asks_no_model_is_not_waited_for_long(event: dict[str, Any]) -> None:
    class Asked(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            return False

    bot, waits = bot_of(), list[float | None]()
    bot.resources = bot.resources._replace(model_asked=Asked())
    bot.fallback(lambda turn: "Hello.")
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."
    assert waits == [REQUEST_FIRST_SECONDS]


def test_a_client_that_cannot_be_made_costs_no_reply(
    event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    deliveries: SimpleQueue[Any] = SimpleQueue()

    def browser() -> Browser:
        deliveries.put(threading.current_thread())
        raise ValueError("a secret")

    bot = bot_of()
    bot.resources = bot.resources._replace(browser=browser)

    @bot.fallback
    def answer(turn: Turn) -> str:
        deliveries.get(timeout=5).join(5)
        return "Hello."

    assert reply_of(bot.lambda_handler(event, Context())) == ("Hello.", "Fulfilled")
    (record,) = logged(caplog)
    assert record.delivery == "lookup_failed"
    assert record.delivery_error["error"] == "ValueError"
    assert "secret" not in str(record.__dict__)


@pytest.mark.parametrize("yielded", [5, None, b"bytes", {"text": "x"}])
def test_what_is_not_text_ends_the_turn_politely(
    event: dict[str, Any], caplog: pytest.LogCaptureFixture, yielded: Any
) -> None:
    bot = bot_of()

    @bot.fallback
    def answer(turn: Turn) -> Iterator[Any]:
        yield "Some text."
        yield yielded

    text, state = reply_of(bot.lambda_handler(event, Context()))
    assert text == f"Some text.\n\n{WORDS.interrupted}"
    assert logged(caplog)[0].error == HandlerError.__name__


def test_an_intent_that_never_ends_is_cut(event: dict[str, Any]) -> None:
    bot = bot_of()

    @bot.fallback
    def answer(turn: Turn) -> Iterator[str]:
        while True:
            yield "on and on. "

    text, state = reply_of(bot.lambda_handler(event, Context(remaining_ms=1_600)))
    assert text.startswith("on and on. on and on.")
    assert text.endswith(WORDS.too_long)
    assert state == "Fulfilled"


def test_an_intent_that_hangs_without_a_word_is_left(
    event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    bot, never = bot_of(), threading.Event()

    @bot.fallback
    def answer(turn: Turn) -> None:
        never.wait(20)

    try:
        assert reply_of(bot.lambda_handler(event, Context(remaining_ms=1_600))) == (
            WORDS.failed,
            "Failed",
        )
    finally:
        never.set()
    # Where it hangs, and not in which of Python's own modules.
    line = answer.__code__.co_firstlineno + 2
    assert logged(caplog)[0].cut_at == f"{__file__}:{line} answer"


@pytest.mark.slow
def test_a_post_that_hangs_cannot_hold_the_turn(event: dict[str, Any]) -> None:
    never, posting = threading.Event(), threading.Event()

    def hang() -> None:
        posting.set()
        never.wait(20)

    bot = bot_of("Hello", posting, " there.", channel=FakeChannel(on_post=hang))
    try:
        text, _ = reply_of(bot.lambda_handler(event, Context(remaining_ms=1_600)))
        assert text == "Hello there."
    finally:
        never.set()


@pytest.mark.parametrize(
    ("stop_reason", "note"),
    [
        (StopReason.END_TURN, None),
        (StopReason.STOP_SEQUENCE, None),
        (StopReason.BLOCKED, None),
        (StopReason.OTHER, None),
        (StopReason.MAX_TOKENS, WORDS.too_long),
        (StopReason.REFUSED, WORDS.withheld),
    ],
)
def test_why_a_text_stops_is_said(
    event: dict[str, Any], stop_reason: StopReason, note: str | None
) -> None:
    bot = bot_of("So much.", Completion("m", stop_reason))
    text, state = reply_of(bot.lambda_handler(event, Context()))
    assert text == ("So much." if note is None else f"So much.\n\n{note}")
    assert state == "Fulfilled"


@pytest.mark.parametrize(
    ("stop_reason", "sentence"),
    [
        (StopReason.REFUSED, WORDS.withheld),
        (StopReason.MAX_TOKENS, WORDS.empty),
        (StopReason.END_TURN, WORDS.empty),
    ],
)
def test_no_text_at_all_still_says_something(
    event: dict[str, Any], stop_reason: StopReason, sentence: str
) -> None:
    bot = bot_of(Completion("m", stop_reason))
    assert reply_of(bot.lambda_handler(event, Context())) == (sentence, "Failed")


def test_a_limit_is_said_only_of_what_the_reply_ends_with(event: dict[str, Any]) -> None:
    bot = bot_of("opening", Completion("m", StopReason.MAX_TOKENS))

    @bot.fallback
    def answer(turn: Turn) -> str:
        topic = "".join(turn.ask("What is it about?"))
        return f"You asked about our {topic} hours."

    text, _ = reply_of(bot.lambda_handler(event, Context()))
    assert text == "You asked about our opening hours."


def test_a_broken_code_block_is_closed(event: dict[str, Any]) -> None:
    bot = bot_of("```python\nprint(1)", ModelInterrupted("x"))
    text, _ = reply_of(bot.lambda_handler(event, Context()))
    assert text == f"```python\nprint(1)\n```\n\n{WORDS.interrupted}"


@pytest.mark.parametrize("character", ["a", "é", "字", "😀", '"', "<"])
def test_the_response_stays_within_its_size(event: dict[str, Any], character: str) -> None:
    words = (character * 9 + " ") * 10 + "\n\n"
    response = bot_of(words * 1_000).lambda_handler(event, Context())
    text, _ = reply_of(response)
    assert len(json.dumps(response, ensure_ascii=ESCAPES_NON_ASCII).encode()) <= 24_000
    assert len(response["messages"]) <= 10
    assert text.endswith(WORDS.too_long)


def test_a_long_reply_arrives_in_several_messages(event: dict[str, Any]) -> None:
    written = "\n\n".join(f"Paragraph {n} has some words." for n in range(300))
    text, _ = reply_of(bot_of(written).lambda_handler(event, Context()))
    assert text == written


def test_a_waiting_text_is_no_part_of_the_reply(event: dict[str, Any]) -> None:
    gate = threading.Event()
    channel = FakeChannel(on_post=lambda: gate.set() if len(channel.posts) == 2 else None)
    bot = bot_of(gate, "Hello.", channel=channel, waiting_text="Thinking…")
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."
    assert channel.frames[:2] == ["Thinking…", " "]


@pytest.mark.parametrize(
    ("plain_frames", "first"), [(True, "Hello there,"), (False, "**Hello** there,")]
)
def test_frames_may_leave_out_the_replys_marks(
    event: dict[str, Any], plain_frames: bool, first: str
) -> None:
    gate = threading.Event()
    channel = FakeChannel(on_post=gate.set)
    bot = bot_of("**Hello** there, ", gate, "`you`.", channel=channel, plain_frames=plain_frames)
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "**Hello** there, `you`."
    assert channel.frames[0] == first


def test_a_browsers_own_endpoint_is_never_contacted(event: dict[str, Any]) -> None:
    event["sessionState"]["sessionAttributes"]["streamingEndpoint"] = "https://evil.example/Prod"
    gate = threading.Event()
    channel = FakeChannel(on_post=gate.set)
    reply_of(bot_of("Hello", gate, channel=channel).lambda_handler(event, Context()))
    # The one channel there is was made from the settings.
    assert channel.posts[0] == ("connection-1", "Hell")


@pytest.mark.parametrize(
    ("browsers", "ours", "is_another"),
    [
        ("https://old1.execute-api.eu-west-1.amazonaws.com/Prod", "", True),
        ("wss://Abc1.execute-api.eu-west-1.amazonaws.com/Prod/", "", False),
        ("https://abc1.execute-api.us-east-1.amazonaws.com/Prod", "", True),
        ("https://chat.example/Prod", "", False),
        ("https://abc1.execute-api.eu-west-1.amazonaws.com/Prod", "https://chat.example", False),
    ],
)
def test_a_browser_at_another_api_is_noticed(
    event: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    browsers: str,
    ours: str,
    is_another: bool,
) -> None:
    event["sessionState"]["sessionAttributes"]["streamingEndpoint"] = browsers
    ours = ours or "https://abc1.execute-api.eu-west-1.amazonaws.com/Prod"
    bot_of("Hello", streaming_endpoint=ours).lambda_handler(event, Context())
    (record,) = logged(caplog)
    assert getattr(record, "another_api", False) == is_another
    assert "execute-api" not in str(vars(record))


def test_what_a_response_has_no_room_for_is_counted(
    event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    event["sessionState"]["sessionAttributes"] |= {"secrets": "secret" * 10_000, "kept": "x"}
    event["requestAttributes"] = {"secrets": "secret" * 10_000}
    response = bot_of("Hello").lambda_handler(event, Context())
    assert response["sessionState"]["sessionAttributes"]["kept"] == "x"
    (record,) = logged(caplog)
    assert (record.levelname, record.attributes_left_out) == ("WARNING", 2)
    assert "secret" not in str(vars(record))


def test_a_contested_session_is_not_streamed(
    event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    channel, deliveries = FakeChannel(), SimpleQueue[Any]()

    class Contested(FakeAddresses):
        def find(self, session_id: str) -> None:
            deliveries.put(threading.current_thread())
            raise AddressContested("two owners")

    bot = bot_of(channel=channel, addresses=Contested())

    @bot.fallback
    def answer(turn: Turn) -> str:
        deliveries.get(timeout=5).join(5)
        return "Hello."

    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."
    assert channel.posts == []
    assert logged(caplog)[0].delivery == "contested"


def test_a_model_that_cannot_be_stopped_costs_no_text(event: dict[str, Any]) -> None:
    class Stubborn:
        completion = None

        def __iter__(self) -> Iterator[str]:
            yield "One."
            threading.Event().wait(5)

        def close(self) -> None:
            raise OSError("no")

    class StubbornModel:
        def ask(self, prompt: Prompt) -> Any:
            return Stubborn()

    bot = bot_of()
    bot.resources = bot.resources._replace(model=StubbornModel())
    text, _ = reply_of(bot.lambda_handler(event, Context(remaining_ms=1_600)))
    assert text == f"One.\n\n{WORDS.cut}"


def test_the_attributes_cannot_be_lost(event: dict[str, Any]) -> None:
    bot = bot_of()

    @bot.fallback
    def answer(turn: Turn) -> Iterator[str]:
        turn.session_attributes["count"] = 3  # type: ignore[assignment]
        turn.session_attributes["nothing"] = None  # type: ignore[assignment]
        yield "Hello."
        turn.session_attributes = None  # type: ignore[assignment]

    response = bot.lambda_handler(event, Context())
    assert reply_of(response)[0].startswith("Hello.")
    attributes = response["sessionState"]["sessionAttributes"]
    assert attributes["count"] == "3"
    assert "nothing" not in attributes


@pytest.mark.slow
def test_after_its_deadline_a_handler_changes_nothing(event: dict[str, Any]) -> None:
    never, went_on = threading.Event(), threading.Event()
    # Its post holds the turn for as long as it may.
    bot = bot_of(channel=FakeChannel(on_post=lambda: never.wait(20)))

    @bot.intent("Order")
    def answer(turn: Turn) -> Iterator[str]:
        turn.session_attributes["count"] = "1"
        turn.set_slot("Size", "small")
        turn.add_message("Before.")
        yield "One. Tw"
        while turn.seconds_left > -0.1:
            never.wait(0.005)
        turn.session_attributes["count"] = "2"
        turn.session_attributes["late"] = "yes"
        turn.set_slot("Size", "large")
        turn.add_message("After.")
        turn.elicit_slot("Size", "Which?")
        went_on.set()
        yield "o."

    try:
        order = intent_event(event, "Order", slots={"Size": None})
        response: Any = bot.lambda_handler(order, Context(remaining_ms=1_600))
        assert went_on.is_set()
        assert reply_of(response) == (f"One.\n\n{WORDS.cut}", "Fulfilled")
        state = response["sessionState"]
        assert state["sessionAttributes"]["count"] == "1"
        assert "late" not in state["sessionAttributes"]
        assert state["intent"]["slots"]["Size"]["value"]["interpretedValue"] == "small"
    finally:
        never.set()


@pytest.mark.parametrize("raises", [True, False])
def test_what_a_failed_handler_decided_is_dropped(event: dict[str, Any], raises: bool) -> None:
    bot, never = bot_of(), threading.Event()

    @bot.dialog("Order")
    def check(turn: Turn) -> None:
        turn.add_card("Lamp")
        turn.confirm("Shall I?")
        if raises:
            raise ValueError
        never.wait(20)

    try:
        response = bot.lambda_handler(dialog_event(event), Context(remaining_ms=1_600))
        assert reply_of(response) == (WORDS.failed, "Failed")
    finally:
        never.set()


# --- what is left to Lex


def writes(turn: Turn) -> Iterator[str]:
    yield "Checking…"


def writes_and_delegates(turn: Turn) -> Iterator[str]:
    turn.elicit_slot("Size", "Which?")
    yield "Checking…"
    turn.delegate()


def adds_a_message(turn: Turn) -> None:
    turn.add_message("Checked.")


def adds_a_card(turn: Turn) -> None:
    turn.add_card("Lamp")


@pytest.mark.parametrize("check", [writes, writes_and_delegates, adds_a_message, adds_a_card])
def test_a_dialogs_text_that_lex_would_not_say_is_an_error(
    event: dict[str, Any], caplog: pytest.LogCaptureFixture, check: Callable[..., Any]
) -> None:
    bot = bot_of()
    bot.dialog("Order")(check)
    _, state = reply_of(bot.lambda_handler(dialog_event(event), Context()))
    assert state == "Failed"
    (record,) = logged(caplog)
    assert (record.levelname, record.error) in [
        ("WARNING", "HandlerError"),
        ("ERROR", "HandlerError"),
    ]
    assert "elicit, confirm or close to have it said" in record.reason


@pytest.mark.parametrize("blank", ["", " \n"])
def test_blank_text_is_nothing_to_say(event: dict[str, Any], blank: str) -> None:
    bot = bot_of()
    bot.dialog("Order")(lambda turn: blank)
    response = bot.lambda_handler(dialog_event(event), Context())
    assert taken(response, dialog_event(event))["dialogAction"] == {"type": "Delegate"}


def test_an_error_that_was_answered_is_logged(
    event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    bot = bot_of("So far", KeyError("a secret"))
    bot.error(Exception)(lambda turn, error: "It did not work.")
    text, _ = reply_of(bot.lambda_handler(event, Context()))
    assert text == "So far\n\nIt did not work."
    (record,) = logged(caplog)
    assert (record.levelname, record.handled_error["error"]) == ("INFO", "KeyError")
    assert "secret" not in str(record.__dict__)


# --- a filter that takes back what was shown


@pytest.fixture
def withdrawing() -> tuple[Bot, FakeChannel, FakeMemory]:
    """A bot whose filter finds, after the text was shown, that it must not stand."""
    shown = threading.Event()
    withdrawn = Completion("m", StopReason.RETRACTED)
    channel, memory = FakeChannel(on_post=shown.set), FakeMemory()
    bot = bot_of("Take two ", shown, withdrawn, channel=channel, memory=memory)
    return bot, channel, memory


def test_what_was_withdrawn_is_not_in_the_reply(
    event: dict[str, Any], withdrawing: tuple[Bot, FakeChannel, FakeMemory]
) -> None:
    bot, channel, _ = withdrawing
    assert reply_of(bot.lambda_handler(event, Context())) == (WORDS.withheld, "Failed")
    assert channel.frames[0] == "Take two"


def test_what_was_withdrawn_is_not_remembered(
    event: dict[str, Any], withdrawing: tuple[Bot, FakeChannel, FakeMemory]
) -> None:
    bot, _, memory = withdrawing
    bot.lambda_handler(event, Context())
    assert memory.saves == 0


def test_nothing_is_added_to_what_was_withdrawn(
    event: dict[str, Any], withdrawing: tuple[Bot, FakeChannel, FakeMemory]
) -> None:
    bot, _, _ = withdrawing

    @bot.fallback
    def answer(turn: Turn) -> Iterator[str]:
        yield "As they say: "
        yield from turn.ask()
        yield "Or three."
        turn.add_message("Or four.")

    assert reply_of(bot.lambda_handler(event, Context())) == (WORDS.withheld, "Failed")


# --- tools that do not do as they should

CALL = ToolCall("c1", "find_order", {"order_id": "A-1"})
# Leaves a tool half a second, and the model its quarter of the turn.
SHORT = Context(remaining_ms=2_200)


def raises(order_id: str) -> None:
    raise ValueError("a secret")


def hangs(order_id: str) -> None:
    threading.Event().wait(20)


def goes_on_for_ever(order_id: str) -> Iterator[str]:
    while True:
        yield ""


def returns_much(order_id: str) -> str:
    return "lamp " * 200_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "call", "told", "failed"),
    [
        (raises, CALL, "The tool failed: ValueError.", True),
        (hangs, CALL, "The tool did not finish in 0.", True),
        (goes_on_for_ever, CALL, "The tool did not finish in 0.", True),
        (returns_much, CALL, "[cut: 1000000 characters in all]", False),
        (raises, CALL._replace(name="sell_order"), "There is no tool sell_order.", True),
        (raises, CALL._replace(arguments={}), "Wrong arguments: order_id", True),
        (raises, CALL._replace(arguments=None), "not a JSON object", True),
    ],
)
def test_a_tool_that_fails_is_told_to_the_model(
    event: dict[str, Any], function: Callable[..., Any], call: ToolCall, told: str, failed: bool
) -> None:
    bot = bot_of("Let me see.", call, then=[["I could not find out."]])
    tool = Tool(function, name="find_order", description="Find an order.")
    bot.fallback(lambda turn: turn.ask(tools=[tool]))
    started = time.monotonic()
    context = SHORT if function in (hangs, goes_on_for_ever) else Context()
    response = bot.lambda_handler(event, context)
    assert time.monotonic() - started < MOMENT_SECONDS
    assert reply_of(response) == ("Let me see.\n\nI could not find out.", "Fulfilled")
    (result,) = model_of(bot).prompts[1].messages[-1].tool_results
    assert told in result.text
    assert result.failed is failed
    assert "secret" not in result.text
    assert len(result.text) < MAX_RESULT_CHARACTERS + 50


@pytest.mark.slow
def test_a_tool_that_hangs_does_not_hold_the_turn(event: dict[str, Any]) -> None:
    never = threading.Event()
    bot = bot_of(CALL, then=[["I could not find out."]])

    @bot.fallback
    def answer(turn: Turn) -> Iterator[Any]:
        def find_order(order_id: str) -> str:
            """Find an order."""
            never.wait(20)
            turn.session_attributes["late"] = "yes"
            return "found"

        yield from turn.ask(tools=[find_order])

    try:
        response = bot.lambda_handler(event, SHORT)
        assert reply_of(response) == ("I could not find out.", "Fulfilled")
    finally:
        never.set()
    assert "late" not in response["sessionState"]["sessionAttributes"]


# --- what is remembered


def remembering(
    *script: Any,
    then: Sequence[str | Sequence[str]] = (),
    memory: FakeMemory | None = None,
    **settings: Any,
) -> tuple[Bot, FakeMemory]:
    """Return a bot that remembers, and its memory."""
    kept = memory or FakeMemory()
    return bot_of(*script, then=then, memory=kept, **settings), kept


def test_the_next_turn_is_told_of_this_one(event: dict[str, Any]) -> None:
    bot, memory = remembering("About 20 minutes.", then=[["About 40."]])
    first = bot.lambda_handler(event, Context())
    assert reply_of(first)[0] == "About 20 minutes."
    following = next_event(event, first, "and for three?")
    second = bot.lambda_handler(following, Context())
    assert reply_of(second)[0] == "About 40."
    assert model_of(bot).prompts[1].messages == (
        Message("user", "and for two people?"),
        Message("assistant", "About 20 minutes."),
        Message("user", "and for three?"),
    )
    assert list(memory.kept.values()) == [
        [
            Exchange("and for two people?", "About 20 minutes."),
            Exchange("and for three?", "About 40."),
        ]
    ]
    ids = {each["sessionState"]["sessionAttributes"][ATTRIBUTE] for each in (first, second)}
    assert ids == set(memory.kept)


def test_a_session_id_alone_opens_no_conversation(event: dict[str, Any]) -> None:
    bot, memory = remembering("About 20 minutes.")
    bot.lambda_handler(event, Context())
    bot.lambda_handler(event, Context())
    assert len(model_of(bot).prompts[1].messages) == 1
    assert len(memory.kept) == 2


def test_an_id_that_the_client_made_up_is_replaced(event: dict[str, Any]) -> None:
    bot, memory = remembering("About 20 minutes.")
    event["sessionState"]["sessionAttributes"][ATTRIBUTE] = event["sessionId"]
    response = bot.lambda_handler(event, Context())
    assert response["sessionState"]["sessionAttributes"][ATTRIBUTE] != event["sessionId"]
    assert event["sessionId"] not in memory.kept


def test_a_function_cannot_lose_the_conversation(event: dict[str, Any]) -> None:
    bot, memory = remembering()

    @bot.fallback
    def answer(turn: Turn) -> str:
        turn.session_attributes.clear()
        return "Hello."

    response = bot.lambda_handler(event, Context())
    assert response["sessionState"]["sessionAttributes"] == {ATTRIBUTE: next(iter(memory.kept))}


def test_a_handler_without_a_model_is_remembered_too(event: dict[str, Any]) -> None:
    answered = threading.Event()
    # What was said earlier is loaded when the answer is there.
    memory = FakeMemory(on_load=lambda: answered.wait(5))
    bot, _ = remembering(memory=memory)

    @bot.fallback
    def answer(turn: Turn) -> Iterator[str]:
        yield f"You said: {turn.utterance}"
        answered.set()

    first = bot.lambda_handler(event, Context())
    answered.clear()
    bot.lambda_handler(next_event(event, first, "Bye"), Context())
    assert list(memory.kept.values()) == [
        [
            Exchange("and for two people?", "You said: and for two people?"),
            Exchange("Bye", "You said: Bye"),
        ]
    ]


def test_no_more_is_told_than_the_settings_say(event: dict[str, Any]) -> None:
    bot, memory = remembering("Yes.", memory_turns=2)
    response = bot.lambda_handler(event, Context())
    for number in range(4):
        response = bot.lambda_handler(next_event(event, response, f"Q{number}"), Context())
    asked = [message.text for message in model_of(bot).prompts[-1].messages]
    assert asked == ["Q1", "Yes.", "Q2", "Yes.", "Q3"]
    assert [len(exchanges) for exchanges in memory.kept.values()] == [2]


def test_a_reply_that_was_cut_can_be_gone_on_with(event: dict[str, Any]) -> None:
    never = threading.Event()
    bot, memory = remembering("One. Two. Thr", never, then=[["Three."]])
    first = bot.lambda_handler(event, Context(remaining_ms=1_600))
    assert reply_of(first)[0] == f"One. Two.\n\n{WORDS.cut} {WORDS.to_go_on}"
    assert list(memory.kept.values()) == [[Exchange("and for two people?", "One. Two.", cut=True)]]
    second = bot.lambda_handler(next_event(event, first, "go on"), Context())
    assert reply_of(second)[0] == "Three."
    prompts = model_of(bot).prompts
    assert prompts[1].messages[1] == Message("assistant", "One. Two.")
    assert prompts[1].system == f"{prompts[0].system}\n\n{GO_ON}"


@pytest.mark.parametrize(
    "script",
    [
        (),
        (ValueError("x"),),
        (ModelUnavailable("x"),),
        (Completion("m", StopReason.REFUSED),),
    ],
)
def test_a_turn_without_a_reply_is_not_remembered(
    event: dict[str, Any], script: tuple[ValueError | ModelUnavailable | Completion, ...]
) -> None:
    bot, memory = remembering(*script)
    bot.lambda_handler(event, Context())
    assert memory.saves == 0


def asks_by_itself(turn: Turn) -> None:
    turn.elicit_slot("Size", "Which size?")


def says_much(turn: Turn) -> Iterator[str]:
    yield "All."
    turn.add_card("Lamp")
    turn.add_message("More.")
    turn.confirm("Shall I?")


def leaves_it_to_lex(turn: Turn) -> None:
    turn.elicit_slot("Size")


def decides_nothing(turn: Turn) -> None:
    turn.set_slot("Size", "large")


@pytest.mark.parametrize(
    ("check", "replies"),
    [
        (decides_nothing, []),
        (asks_by_itself, ["Which size?"]),
        (says_much, ["All.\n\nMore.\n\nShall I?"]),
        (leaves_it_to_lex, []),
    ],
)
def test_all_that_is_said_is_remembered(
    event: dict[str, Any], check: Callable[..., Any], replies: list[str]
) -> None:
    """Cards are not."""
    bot, memory = remembering()
    bot.dialog("Order")(check)
    bot.lambda_handler(dialog_event(event), Context())
    exchanges = [[Exchange("and for two people?", reply)] for reply in replies]
    assert list(memory.kept.values()) == exchanges


@pytest.mark.parametrize(
    ("end", "notice", "cut"),
    [
        (ModelInterrupted("x"), WORDS.interrupted, False),
        (Completion("m", StopReason.MAX_TOKENS), f"{WORDS.too_long} {WORDS.to_go_on}", True),
    ],
)
def test_a_notice_is_not_remembered(
    event: dict[str, Any], end: ModelInterrupted | Completion, notice: str, cut: bool
) -> None:
    bot, memory = remembering("All.", end)
    response = bot.lambda_handler(event, Context())
    assert reply_of(response)[0] == f"All.\n\n{notice}"
    assert list(memory.kept.values()) == [[Exchange("and for two people?", "All.", cut=cut)]]


@pytest.mark.parametrize("reason", [StopReason.REFUSED, StopReason.BLOCKED, StopReason.RETRACTED])
def test_what_was_withheld_is_not_asked_again(event: dict[str, Any], reason: StopReason) -> None:
    bot, memory = remembering("Well, first you", Completion("m", reason), then=["Hello!"])
    first = bot.lambda_handler(event, Context())
    second = bot.lambda_handler(next_event(event, first, "hi"), Context())
    assert reply_of(second) == ("Hello!", "Fulfilled")
    assert model_of(bot).prompts[1].messages == (Message("user", "hi"),)
    (kept,) = memory.kept.values()
    assert kept == [Exchange("hi", "Hello!")]


def test_no_more_is_remembered_than_can_be_shown(event: dict[str, Any]) -> None:
    """The last turn is kept whole, and one too long for a model would be so in every turn."""
    bot, memory = remembering("All.", max_response_bytes=2_000)
    bot.fallback(lambda turn: "a" * 100_000)
    bot.lambda_handler(event, Context())
    assert list(memory.kept.values()) == [[Exchange("and for two people?", "a" * 2_000)]]


def test_a_refusal_in_passing_is_not_remembered(event: dict[str, Any]) -> None:
    """A handler may ask twice and write something else in the end."""
    bot, memory = remembering(Completion("m", StopReason.REFUSED))

    @bot.fallback
    def classify(turn: Turn) -> Iterator[str]:
        list(turn.ask())
        yield "Let us talk about lamps."

    assert reply_of(bot.lambda_handler(event, Context()))[0].startswith("Let us talk about lamps.")
    assert memory.saves == 0


def fails() -> None:
    raise ValueError("a secret")


def continued(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event of a conversation that goes on."""
    event["sessionState"]["sessionAttributes"][ATTRIBUTE] = "a" * 32
    return event


def test_a_memory_that_cannot_be_read_costs_no_reply(
    event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    kept = {"a" * 32: [Exchange("Hi", "Hello.")]}
    bot, memory = remembering("About 20.", memory=FakeMemory(dict(kept), on_load=fails))
    assert reply_of(bot.lambda_handler(continued(event), Context())) == ("About 20.", "Fulfilled")
    assert memory.kept == kept
    (record,) = logged(caplog)
    assert (record.levelname, record.outcome) == ("WARNING", "completed")
    assert record.memory_error["error"] == "ValueError"
    assert "secret" not in str(record.__dict__)
    assert "a" * 32 not in str(record.__dict__)


def test_a_memory_that_failed_promises_nothing(event: dict[str, Any]) -> None:
    bot, _ = remembering(
        "All.", Completion("m", StopReason.MAX_TOKENS), memory=FakeMemory(on_load=fails)
    )
    text, _ = reply_of(bot.lambda_handler(continued(event), Context()))
    assert text == f"All.\n\n{WORDS.too_long}"


def test_a_memory_that_cannot_be_written_costs_no_reply(
    event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    bot, _ = remembering("About 20.", memory=FakeMemory(on_save=fails))
    assert reply_of(bot.lambda_handler(continued(event), Context())) == ("About 20.", "Fulfilled")
    assert logged(caplog)[0].memory_error["error"] == "ValueError"
    assert "secret" not in str(logged(caplog)[0].__dict__)


@pytest.mark.slow
@pytest.mark.parametrize("remaining_ms", [1_600, 30_000])
def test_a_memory_that_hangs_on_a_save_is_left(
    event: dict[str, Any], caplog: pytest.LogCaptureFixture, remaining_ms: int
) -> None:
    never = threading.Event()
    bot, _ = remembering("About 20.", memory=FakeMemory(on_save=lambda: never.wait(20)))
    started = time.monotonic()
    try:
        response = bot.lambda_handler(event, Context(remaining_ms))
        assert time.monotonic() - started < MOMENT_SECONDS
        assert reply_of(response) == ("About 20.", "Fulfilled")
        assert logged(caplog)[0].memory_error == {"error": "TimeoutError"}
    finally:
        never.set()


def test_a_memory_that_hangs_on_a_load_is_left(event: dict[str, Any]) -> None:
    never = threading.Event()
    bot, _ = remembering("About 20.", memory=FakeMemory(on_load=lambda: never.wait(20)))
    started = time.monotonic()
    try:
        response = bot.lambda_handler(continued(event), Context(remaining_ms=1_600))
        assert time.monotonic() - started < MOMENT_SECONDS
        assert reply_of(response) == (WORDS.failed, "Failed")
    finally:
        never.set()


def test_of_two_turns_at_once_one_is_kept(event: dict[str, Any]) -> None:
    # A first turn loads modules, which on a busy machine takes longer than memory is waited for.
    bot_of("Hello.").lambda_handler(event, Context())
    both = threading.Barrier(2, timeout=5)
    memory = FakeMemory({"a" * 32: [Exchange("Hi", "Hello.")]}, on_load=both.wait)
    bot, _ = remembering(memory=memory)

    @bot.fallback
    def answer(turn: Turn) -> str:
        return turn.utterance.upper()

    def run(utterance: str) -> None:
        said = continued(json.loads(json.dumps(event))) | {"inputTranscript": utterance}
        replies.append(reply_of(bot.lambda_handler(said, Context()))[0])

    replies: list[Any] = []
    threads = [threading.Thread(target=run, args=(utterance,)) for utterance in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(replies) == ["ONE", "TWO"]
    (exchanges,) = memory.kept.values()
    assert exchanges[0] == Exchange("Hi", "Hello.")
    # Or both, where a busy machine runs one after the other.
    both_kept = {Exchange("one", "ONE"), Exchange("two", "TWO")}
    assert set(exchanges[1:]) <= both_kept
    assert len(exchanges) > 1


def test_without_a_memory_no_id_is_sent(event: dict[str, Any]) -> None:
    response = bot_of("Hello.").lambda_handler(event, Context())
    assert ATTRIBUTE not in response["sessionState"]["sessionAttributes"]
