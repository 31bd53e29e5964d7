import json
import threading
import time
from queue import SimpleQueue

import pytest

from fulfillment import Exchange, Notices
from fulfillment.assistant import GO_ON
from fulfillment.clients import Browser
from fulfillment.errors import (
    AddressContested,
    HandlerError,
    ModelInterrupted,
    ModelUnavailable,
)
from fulfillment.lex.fitting import ESCAPES_NON_ASCII
from fulfillment.memory.conversation import ATTRIBUTE
from fulfillment.models.base import Completion, Message, StopReason, ToolCall
from fulfillment.runner import REQUEST_FIRST_SECONDS, SAVE_SECONDS
from fulfillment.testing import Context
from fulfillment.tools import Tool
from fulfillment.tools.toolbox import MAX_RESULT_CHARACTERS
from tests.fakes import FakeAddresses, FakeChannel, FakeMemory
from tests.turns import bot_of, dialog_event, intent_event, next_event, reply_of, taken

WORDS = Notices()


@pytest.mark.parametrize("error", [ModelUnavailable("x"), ValueError("a secret")])
def test_a_failure_without_text_is_a_plain_sentence(event, error):
    assert reply_of(bot_of(error).lambda_handler(event, Context())) == (WORDS.failed, "Failed")


def test_a_failure_after_some_text_keeps_it(event):
    bot = bot_of("So far so good.", ModelInterrupted("x"))
    assert reply_of(bot.lambda_handler(event, Context())) == (
        f"So far so good.\n\n{WORDS.interrupted}",
        "Fulfilled",
    )


@pytest.mark.parametrize("script", [(), ("",), ("  \n",)])
def test_an_empty_answer_is_a_plain_sentence(event, script):
    assert reply_of(bot_of(*script).lambda_handler(event, Context()))[0] == WORDS.empty


def test_at_the_deadline_there_is_what_was_written(event):
    never = threading.Event()
    bot = bot_of("One. Two. Thr", never, "ee.")
    content, state = reply_of(bot.lambda_handler(event, Context(remaining_ms=1_600)))
    assert (content, state) == (f"One. Two.\n\n{WORDS.cut}", "Fulfilled")
    assert bot.resources.model.streams[0].closed.wait(1)


def test_at_the_deadline_without_text_it_fails(event):
    bot = bot_of(threading.Event())
    assert reply_of(bot.lambda_handler(event, Context(remaining_ms=1_600))) == (
        WORDS.failed,
        "Failed",
    )


def test_the_model_does_not_wait_for_the_table(event):
    called = threading.Event()

    class Slow(FakeAddresses):
        def find(self, session_id):
            assert called.wait(5)
            return super().find(session_id)

    bot = bot_of(addresses=Slow())

    @bot.fallback
    def answer(turn):
        called.set()
        return "Hello."

    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."


def test_the_models_request_leaves_before_clients_are_made(event):
    """A cold start would make the model wait for them."""
    found = []

    class Asked(threading.Event):
        def wait(self, timeout=None):
            return super().wait(5)

    asked = Asked()

    def browser():
        found.append(asked.is_set())
        return Browser(FakeAddresses(), FakeChannel())

    bot = bot_of()
    bot.resources = bot.resources._replace(browser=browser, model_asked=asked)

    @bot.fallback
    def answer(turn):
        asked.set()
        yield "Hello."
        while not found:
            yield ""

    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."
    assert found == [True]


def test_a_handler_that_asks_no_model_is_not_waited_for_long(event):
    bot = bot_of()
    bot.resources = bot.resources._replace(model_asked=threading.Event())
    bot.fallback(lambda turn: "Hello.")
    started = time.monotonic()
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."
    assert time.monotonic() - started < REQUEST_FIRST_SECONDS + 0.4


def test_a_client_that_cannot_be_made_costs_no_reply(event, caplog):
    deliveries = SimpleQueue()

    def browser():
        deliveries.put(threading.current_thread())
        raise ValueError("a secret")

    bot = bot_of()
    bot.resources = bot.resources._replace(browser=browser)

    @bot.fallback
    def answer(turn):
        deliveries.get(timeout=5).join(5)
        return "Hello."

    assert reply_of(bot.lambda_handler(event, Context())) == ("Hello.", "Fulfilled")
    (record,) = caplog.records
    assert record.delivery == "lookup_failed"
    assert record.delivery_error["error"] == "ValueError"
    assert "secret" not in str(record.__dict__)


@pytest.mark.parametrize("yielded", [5, None, b"bytes", {"text": "x"}])
def test_what_is_not_text_ends_the_turn_politely(event, caplog, yielded):
    bot = bot_of()

    @bot.fallback
    def answer(turn):
        yield "Some text."
        yield yielded

    text, state = reply_of(bot.lambda_handler(event, Context()))
    assert text == f"Some text.\n\n{WORDS.interrupted}"
    assert caplog.records[0].error == HandlerError.__name__


def test_an_intent_that_never_ends_is_cut(event):
    bot = bot_of()

    @bot.fallback
    def answer(turn):
        while True:
            yield "on and on. "

    text, state = reply_of(bot.lambda_handler(event, Context(remaining_ms=1_600)))
    assert text.startswith("on and on. on and on.")
    assert text.endswith(WORDS.too_long)
    assert state == "Fulfilled"


def test_an_intent_that_hangs_without_a_word_is_left(event):
    bot, never = bot_of(), threading.Event()

    @bot.fallback
    def answer(turn):
        never.wait(20)

    try:
        assert reply_of(bot.lambda_handler(event, Context(remaining_ms=1_600))) == (
            WORDS.failed,
            "Failed",
        )
    finally:
        never.set()


def test_a_post_that_hangs_cannot_hold_the_turn(event):
    never, posting = threading.Event(), threading.Event()

    def hang():
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
def test_why_a_text_stops_is_said(event, stop_reason, note):
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
def test_no_text_at_all_still_says_something(event, stop_reason, sentence):
    bot = bot_of(Completion("m", stop_reason))
    assert reply_of(bot.lambda_handler(event, Context())) == (sentence, "Failed")


def test_a_limit_is_said_only_of_what_the_reply_ends_with(event):
    bot = bot_of("opening", Completion("m", StopReason.MAX_TOKENS))

    @bot.fallback
    def answer(turn):
        topic = "".join(turn.ask("What is it about?"))
        return f"You asked about our {topic} hours."

    text, _ = reply_of(bot.lambda_handler(event, Context()))
    assert text == "You asked about our opening hours."


def test_a_broken_code_block_is_closed(event):
    bot = bot_of("```python\nprint(1)", ModelInterrupted("x"))
    text, _ = reply_of(bot.lambda_handler(event, Context()))
    assert text == f"```python\nprint(1)\n```\n\n{WORDS.interrupted}"


@pytest.mark.parametrize("character", ["a", "é", "字", "😀", '"', "<"])
def test_the_response_stays_within_its_size(event, character):
    words = (character * 9 + " ") * 10 + "\n\n"
    response = bot_of(words * 1_000).lambda_handler(event, Context())
    text, _ = reply_of(response)
    assert len(json.dumps(response, ensure_ascii=ESCAPES_NON_ASCII).encode()) <= 24_000
    assert len(response["messages"]) <= 10
    assert text.endswith(WORDS.too_long)


def test_a_long_reply_arrives_in_several_messages(event):
    written = "\n\n".join(f"Paragraph {n} has some words." for n in range(300))
    text, _ = reply_of(bot_of(written).lambda_handler(event, Context()))
    assert text == written


def test_a_waiting_text_is_no_part_of_the_reply(event):
    gate = threading.Event()
    channel = FakeChannel(on_post=lambda: len(channel.posts) == 2 and gate.set())
    bot = bot_of(gate, "Hello.", channel=channel, waiting_text="Thinking…")
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."
    assert channel.frames[:2] == ["Thinking…", " "]


@pytest.mark.parametrize(
    ("plain_frames", "first"), [(True, "Hello there,"), (False, "**Hello** there,")]
)
def test_frames_may_leave_out_the_replys_marks(event, plain_frames, first):
    gate = threading.Event()
    channel = FakeChannel(on_post=gate.set)
    bot = bot_of("**Hello** there, ", gate, "`you`.", channel=channel, plain_frames=plain_frames)
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "**Hello** there, `you`."
    assert channel.frames[0] == first


def test_a_browsers_own_endpoint_is_never_contacted(event):
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
def test_a_browser_at_another_api_is_noticed(event, caplog, browsers, ours, is_another):
    event["sessionState"]["sessionAttributes"]["streamingEndpoint"] = browsers
    ours = ours or "https://abc1.execute-api.eu-west-1.amazonaws.com/Prod"
    bot_of("Hello", streaming_endpoint=ours).lambda_handler(event, Context())
    (record,) = caplog.records
    assert getattr(record, "another_api", False) == is_another
    assert "execute-api" not in str(vars(record))


def test_what_a_response_has_no_room_for_is_counted(event, caplog):
    event["sessionState"]["sessionAttributes"] |= {"secrets": "secret" * 10_000, "kept": "x"}
    event["requestAttributes"] = {"secrets": "secret" * 10_000}
    response = bot_of("Hello").lambda_handler(event, Context())
    assert response["sessionState"]["sessionAttributes"]["kept"] == "x"
    (record,) = caplog.records
    assert (record.levelname, record.attributes_left_out) == ("WARNING", 2)
    assert "secret" not in str(vars(record))


def test_a_contested_session_is_not_streamed(event, caplog):
    channel, deliveries = FakeChannel(), SimpleQueue()

    class Contested(FakeAddresses):
        def find(self, session_id):
            deliveries.put(threading.current_thread())
            raise AddressContested("two owners")

    bot = bot_of(channel=channel, addresses=Contested())

    @bot.fallback
    def answer(turn):
        deliveries.get(timeout=5).join(5)
        return "Hello."

    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."
    assert channel.posts == []
    assert caplog.records[0].delivery == "contested"


def test_a_model_that_cannot_be_stopped_costs_no_text(event):
    class Stubborn:
        completion = None

        def __iter__(self):
            yield "One."
            threading.Event().wait(5)

        def close(self):
            raise OSError("no")

    class StubbornModel:
        def ask(self, prompt):
            return Stubborn()

    bot = bot_of()
    bot.resources = bot.resources._replace(model=StubbornModel())
    text, _ = reply_of(bot.lambda_handler(event, Context(remaining_ms=1_600)))
    assert text == f"One.\n\n{WORDS.cut}"


def test_the_attributes_cannot_be_lost(event):
    bot = bot_of()

    @bot.fallback
    def answer(turn):
        turn.session_attributes["count"] = 3
        turn.session_attributes["nothing"] = None
        yield "Hello."
        turn.session_attributes = None

    response = bot.lambda_handler(event, Context())
    assert reply_of(response)[0].startswith("Hello.")
    attributes = response["sessionState"]["sessionAttributes"]
    assert attributes["count"] == "3"
    assert "nothing" not in attributes


def test_after_its_deadline_a_handler_changes_nothing(event):
    never, went_on = threading.Event(), threading.Event()
    # Its post holds the turn for as long as it may.
    bot = bot_of(channel=FakeChannel(on_post=lambda: never.wait(20)))

    @bot.intent("Order")
    def answer(turn):
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
        response = bot.lambda_handler(order, Context(remaining_ms=1_600))
        assert went_on.is_set()
        assert reply_of(response) == (f"One.\n\n{WORDS.cut}", "Fulfilled")
        state = response["sessionState"]
        assert state["sessionAttributes"]["count"] == "1"
        assert "late" not in state["sessionAttributes"]
        assert state["intent"]["slots"]["Size"]["value"]["interpretedValue"] == "small"
    finally:
        never.set()


@pytest.mark.parametrize("raises", [True, False])
def test_what_a_failed_handler_decided_is_dropped(event, raises):
    bot, never = bot_of(), threading.Event()

    @bot.dialog("Order")
    def check(turn):
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


def writes(turn):
    yield "Checking…"


def writes_and_delegates(turn):
    turn.elicit_slot("Size", "Which?")
    yield "Checking…"
    turn.delegate()


def adds_a_message(turn):
    turn.add_message("Checked.")


def adds_a_card(turn):
    turn.add_card("Lamp")


@pytest.mark.parametrize("check", [writes, writes_and_delegates, adds_a_message, adds_a_card])
def test_a_dialogs_text_that_lex_would_not_say_is_an_error(event, caplog, check):
    bot = bot_of()
    bot.dialog("Order")(check)
    _, state = reply_of(bot.lambda_handler(dialog_event(event), Context()))
    assert state == "Failed"
    (record,) = caplog.records
    assert (record.levelname, record.error) in [
        ("WARNING", "HandlerError"),
        ("ERROR", "HandlerError"),
    ]
    assert "elicit, confirm or close to have it said" in record.reason


@pytest.mark.parametrize("blank", ["", " \n"])
def test_blank_text_is_nothing_to_say(event, blank):
    bot = bot_of()
    bot.dialog("Order")(lambda turn: blank)
    response = bot.lambda_handler(dialog_event(event), Context())
    assert taken(response, dialog_event(event))["dialogAction"] == {"type": "Delegate"}


def test_an_error_that_was_answered_is_logged(event, caplog):
    bot = bot_of("So far", KeyError("a secret"))
    bot.error(Exception)(lambda turn, error: "It did not work.")
    text, _ = reply_of(bot.lambda_handler(event, Context()))
    assert text == "So far\n\nIt did not work."
    (record,) = caplog.records
    assert (record.levelname, record.handled_error["error"]) == ("INFO", "KeyError")
    assert "secret" not in str(record.__dict__)


# --- a filter that takes back what was shown


@pytest.fixture
def withdrawing():
    """A bot whose filter finds, after the text was shown, that it must not stand."""
    shown = threading.Event()
    withdrawn = Completion("m", StopReason.RETRACTED)
    channel, memory = FakeChannel(on_post=shown.set), FakeMemory()
    bot = bot_of("Take two ", shown, withdrawn, channel=channel, memory=memory)
    return bot, channel, memory


def test_what_was_withdrawn_is_not_in_the_reply(event, withdrawing):
    bot, channel, _ = withdrawing
    assert reply_of(bot.lambda_handler(event, Context())) == (WORDS.withheld, "Failed")
    assert channel.frames[0] == "Take two"


def test_what_was_withdrawn_is_not_remembered(event, withdrawing):
    bot, _, memory = withdrawing
    bot.lambda_handler(event, Context())
    assert memory.saves == 0


def test_nothing_is_added_to_what_was_withdrawn(event, withdrawing):
    bot, _, _ = withdrawing

    @bot.fallback
    def answer(turn):
        yield "As they say: "
        yield from turn.ask()
        yield "Or three."
        turn.add_message("Or four.")

    assert reply_of(bot.lambda_handler(event, Context())) == (WORDS.withheld, "Failed")


# --- tools that do not do as they should

CALL = ToolCall("c1", "find_order", {"order_id": "A-1"})
# Leaves a tool half a second, and the model its quarter of the turn.
SHORT = Context(remaining_ms=2_200)


def raises(order_id: str):
    raise ValueError("a secret")


def hangs(order_id: str):
    threading.Event().wait(20)


def goes_on_for_ever(order_id: str):
    while True:
        yield ""


def returns_much(order_id: str):
    return "lamp " * 200_000


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
def test_a_tool_that_fails_is_told_to_the_model(event, function, call, told, failed):
    bot = bot_of("Let me see.", call, then=[["I could not find out."]])
    tool = Tool(function, name="find_order", description="Find an order.")
    bot.fallback(lambda turn: turn.ask(tools=[tool]))
    started = time.monotonic()
    context = SHORT if function in (hangs, goes_on_for_ever) else Context()
    response = bot.lambda_handler(event, context)
    assert time.monotonic() - started < 3
    assert reply_of(response) == ("Let me see.\n\nI could not find out.", "Fulfilled")
    (result,) = bot.resources.model.prompts[1].messages[-1].tool_results
    assert told in result.text
    assert result.failed is failed
    assert "secret" not in result.text
    assert len(result.text) < MAX_RESULT_CHARACTERS + 50


def test_a_tool_that_hangs_does_not_hold_the_turn(event):
    never = threading.Event()
    bot = bot_of(CALL, then=[["I could not find out."]])

    @bot.fallback
    def answer(turn):
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


def remembering(*script, then=(), memory=None, **settings):
    """Return a bot that remembers, and its memory."""
    kept = memory or FakeMemory()
    return bot_of(*script, then=then, memory=kept, **settings), kept


def test_the_next_turn_is_told_of_this_one(event):
    bot, memory = remembering("About 20 minutes.", then=[["About 40."]])
    first = bot.lambda_handler(event, Context())
    assert reply_of(first)[0] == "About 20 minutes."
    following = next_event(event, first, "and for three?")
    second = bot.lambda_handler(following, Context())
    assert reply_of(second)[0] == "About 40."
    assert bot.resources.model.prompts[1].messages == (
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


def test_a_session_id_alone_opens_no_conversation(event):
    bot, memory = remembering("About 20 minutes.")
    bot.lambda_handler(event, Context())
    bot.lambda_handler(event, Context())
    assert len(bot.resources.model.prompts[1].messages) == 1
    assert len(memory.kept) == 2


def test_an_id_that_the_client_made_up_is_replaced(event):
    bot, memory = remembering("About 20 minutes.")
    event["sessionState"]["sessionAttributes"][ATTRIBUTE] = event["sessionId"]
    response = bot.lambda_handler(event, Context())
    assert response["sessionState"]["sessionAttributes"][ATTRIBUTE] != event["sessionId"]
    assert event["sessionId"] not in memory.kept


def test_a_function_cannot_lose_the_conversation(event):
    bot, memory = remembering()

    @bot.fallback
    def answer(turn):
        turn.session_attributes.clear()
        return "Hello."

    response = bot.lambda_handler(event, Context())
    assert response["sessionState"]["sessionAttributes"] == {ATTRIBUTE: next(iter(memory.kept))}


def test_a_handler_without_a_model_is_remembered_too(event):
    answered = threading.Event()
    # What was said earlier is loaded when the answer is there.
    memory = FakeMemory(on_load=lambda: answered.wait(5))
    bot, _ = remembering(memory=memory)

    @bot.fallback
    def answer(turn):
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


def test_no_more_is_told_than_the_settings_say(event):
    bot, memory = remembering("Yes.", memory_turns=2)
    response = bot.lambda_handler(event, Context())
    for number in range(4):
        response = bot.lambda_handler(next_event(event, response, f"Q{number}"), Context())
    asked = [message.text for message in bot.resources.model.prompts[-1].messages]
    assert asked == ["Q1", "Yes.", "Q2", "Yes.", "Q3"]
    assert [len(exchanges) for exchanges in memory.kept.values()] == [2]


def test_a_reply_that_was_cut_can_be_gone_on_with(event):
    never = threading.Event()
    bot, memory = remembering("One. Two. Thr", never, then=[["Three."]])
    first = bot.lambda_handler(event, Context(remaining_ms=1_600))
    assert reply_of(first)[0] == f"One. Two.\n\n{WORDS.cut} {WORDS.to_go_on}"
    assert list(memory.kept.values()) == [[Exchange("and for two people?", "One. Two.", cut=True)]]
    second = bot.lambda_handler(next_event(event, first, "go on"), Context())
    assert reply_of(second)[0] == "Three."
    prompts = bot.resources.model.prompts
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
def test_a_turn_without_a_reply_is_not_remembered(event, script):
    bot, memory = remembering(*script)
    bot.lambda_handler(event, Context())
    assert memory.saves == 0


def asks_by_itself(turn):
    turn.elicit_slot("Size", "Which size?")


def says_much(turn):
    yield "All."
    turn.add_card("Lamp")
    turn.add_message("More.")
    turn.confirm("Shall I?")


def leaves_it_to_lex(turn):
    turn.elicit_slot("Size")


def decides_nothing(turn):
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
def test_all_that_is_said_is_remembered(event, check, replies):
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
def test_a_notice_is_not_remembered(event, end, notice, cut):
    bot, memory = remembering("All.", end)
    response = bot.lambda_handler(event, Context())
    assert reply_of(response)[0] == f"All.\n\n{notice}"
    assert list(memory.kept.values()) == [[Exchange("and for two people?", "All.", cut=cut)]]


@pytest.mark.parametrize("reason", [StopReason.REFUSED, StopReason.BLOCKED, StopReason.RETRACTED])
def test_what_was_withheld_is_not_asked_again(event, reason):
    bot, memory = remembering("Well, first you", Completion("m", reason), then=["Hello!"])
    first = bot.lambda_handler(event, Context())
    second = bot.lambda_handler(next_event(event, first, "hi"), Context())
    assert reply_of(second) == ("Hello!", "Fulfilled")
    assert bot.resources.model.prompts[1].messages == (Message("user", "hi"),)
    (kept,) = memory.kept.values()
    assert kept == [Exchange("hi", "Hello!")]


def test_a_refusal_in_passing_is_not_remembered(event):
    """A handler may ask twice and write something else in the end."""
    bot, memory = remembering(Completion("m", StopReason.REFUSED))

    @bot.fallback
    def classify(turn):
        list(turn.ask())
        yield "Let us talk about lamps."

    assert reply_of(bot.lambda_handler(event, Context()))[0].startswith("Let us talk about lamps.")
    assert memory.saves == 0


def fails():
    raise ValueError("a secret")


def continued(event):
    """Return an event of a conversation that goes on."""
    event["sessionState"]["sessionAttributes"][ATTRIBUTE] = "a" * 32
    return event


def test_a_memory_that_cannot_be_read_costs_no_reply(event, caplog):
    kept = {"a" * 32: [Exchange("Hi", "Hello.")]}
    bot, memory = remembering("About 20.", memory=FakeMemory(dict(kept), on_load=fails))
    assert reply_of(bot.lambda_handler(continued(event), Context())) == ("About 20.", "Fulfilled")
    assert memory.kept == kept
    (record,) = caplog.records
    assert (record.levelname, record.outcome) == ("WARNING", "completed")
    assert record.memory_error["error"] == "ValueError"
    assert "secret" not in str(record.__dict__)
    assert "a" * 32 not in str(record.__dict__)


def test_a_memory_that_failed_promises_nothing(event):
    bot, _ = remembering(
        "All.", Completion("m", StopReason.MAX_TOKENS), memory=FakeMemory(on_load=fails)
    )
    text, _ = reply_of(bot.lambda_handler(continued(event), Context()))
    assert text == f"All.\n\n{WORDS.too_long}"


def test_a_memory_that_cannot_be_written_costs_no_reply(event, caplog):
    bot, _ = remembering("About 20.", memory=FakeMemory(on_save=fails))
    assert reply_of(bot.lambda_handler(continued(event), Context())) == ("About 20.", "Fulfilled")
    assert caplog.records[0].memory_error["error"] == "ValueError"
    assert "secret" not in str(caplog.records[0].__dict__)


@pytest.mark.parametrize("remaining_ms", [1_600, 30_000])
def test_a_memory_that_hangs_on_a_save_is_left(event, caplog, remaining_ms):
    never = threading.Event()
    bot, _ = remembering("About 20.", memory=FakeMemory(on_save=lambda: never.wait(20)))
    started = time.monotonic()
    try:
        response = bot.lambda_handler(event, Context(remaining_ms))
        assert time.monotonic() - started < SAVE_SECONDS + 1
        assert reply_of(response) == ("About 20.", "Fulfilled")
        assert caplog.records[0].memory_error == {"error": "TimeoutError"}
    finally:
        never.set()


def test_a_memory_that_hangs_on_a_load_is_left(event):
    never = threading.Event()
    bot, _ = remembering("About 20.", memory=FakeMemory(on_load=lambda: never.wait(20)))
    started = time.monotonic()
    try:
        response = bot.lambda_handler(continued(event), Context(remaining_ms=1_600))
        assert time.monotonic() - started < 1
        assert reply_of(response) == (WORDS.failed, "Failed")
    finally:
        never.set()


def test_of_two_turns_at_once_one_is_kept(event):
    # A first turn loads modules, which on a busy machine takes longer than memory is waited for.
    bot_of("Hello.").lambda_handler(event, Context())
    both = threading.Barrier(2, timeout=5)
    memory = FakeMemory({"a" * 32: [Exchange("Hi", "Hello.")]}, on_load=both.wait)
    bot, _ = remembering(memory=memory)

    @bot.fallback
    def answer(turn):
        return turn.utterance.upper()

    def run(utterance):
        said = continued(json.loads(json.dumps(event))) | {"inputTranscript": utterance}
        replies.append(reply_of(bot.lambda_handler(said, Context()))[0])

    replies = []
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


def test_without_a_memory_no_id_is_sent(event):
    response = bot_of("Hello.").lambda_handler(event, Context())
    assert ATTRIBUTE not in response["sessionState"]["sessionAttributes"]
