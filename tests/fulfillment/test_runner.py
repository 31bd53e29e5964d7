import json
import threading

import pytest

from fakes import FakeChannel, FakeSessions
from fulfillment import Words
from fulfillment.closing import ESCAPES_NON_ASCII
from fulfillment.errors import AnswerError, ModelInterrupted, ModelUnavailable
from fulfillment.models.base import Completion
from fulfillment.sessions import Session
from turns import Context, bot_of, reply_of

WORDS = Words()


@pytest.mark.parametrize("error", [ModelUnavailable("x"), ValueError("a secret")])
def test_a_failure_with_no_text_is_a_plain_sentence_and_failed(event, error):
    assert reply_of(bot_of(error).lambda_handler(event, Context())) == (WORDS.failed, "Failed")


def test_a_failure_after_some_text_keeps_it_and_says_so(event):
    bot = bot_of("So far so good.", ModelInterrupted("x"))
    assert reply_of(bot.lambda_handler(event, Context())) == (
        f"So far so good.\n\n{WORDS.interrupted}",
        "Fulfilled",
    )


@pytest.mark.parametrize("script", [(), ("",), ("  \n",)])
def test_an_empty_answer_is_a_plain_sentence(event, script):
    assert reply_of(bot_of(*script).lambda_handler(event, Context()))[0] == WORDS.empty


def test_at_the_deadline_the_turn_closes_with_what_there_is(event):
    never = threading.Event()
    bot = bot_of("One. Two. Thr", never, "ee.")
    content, state = reply_of(bot.lambda_handler(event, Context(remaining_ms=1_600)))
    assert (content, state) == (f"One. Two.\n\n{WORDS.cut}", "Fulfilled")
    assert bot.resources.model.answers[0].closed.wait(1)


def test_at_the_deadline_with_no_text_the_turn_fails_politely(event):
    bot = bot_of(threading.Event())
    assert reply_of(bot.lambda_handler(event, Context(remaining_ms=1_600))) == (
        WORDS.failed,
        "Failed",
    )


def test_the_model_is_called_without_waiting_for_the_session_table(event):
    called = threading.Event()

    class Slow(FakeSessions):
        def find(self, session_id):
            assert called.wait(5)
            return super().find(session_id)

    bot = bot_of(sessions=Slow())

    @bot.fallback
    def answer(turn):
        called.set()
        return "Hello."

    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."


@pytest.mark.parametrize("yielded", [5, None, b"bytes", {"text": "x"}])
def test_what_is_not_text_ends_the_turn_politely(event, caplog, yielded):
    bot = bot_of()

    @bot.fallback
    def answer(turn):
        yield "Some text."
        yield yielded

    text, state = reply_of(bot.lambda_handler(event, Context()))
    assert text == f"Some text.\n\n{WORDS.interrupted}"
    assert caplog.records[0].error == AnswerError.__name__


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
        ("end_turn", None),
        ("stop_sequence", None),
        ("guardrail_intervened", None),
        ("something_new", None),
        ("max_tokens", WORDS.too_long),
        ("model_context_window_exceeded", WORDS.too_long),
        ("content_filtered", WORDS.withheld),
        ("refusal", WORDS.withheld),
    ],
)
def test_what_was_written_stands_and_why_it_stops_is_said(event, stop_reason, note):
    bot = bot_of("So much.", Completion("m", stop_reason))
    text, state = reply_of(bot.lambda_handler(event, Context()))
    assert text == ("So much." if note is None else f"So much.\n\n{note}")
    assert state == "Fulfilled"


@pytest.mark.parametrize(
    ("stop_reason", "sentence"),
    [("refusal", WORDS.withheld), ("max_tokens", WORDS.empty), ("end_turn", WORDS.empty)],
)
def test_no_text_at_all_is_failed_and_still_says_something(event, stop_reason, sentence):
    bot = bot_of(Completion("m", stop_reason))
    assert reply_of(bot.lambda_handler(event, Context())) == (sentence, "Failed")


def test_a_code_block_that_was_broken_off_is_closed_before_the_note(event):
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


def test_a_long_reply_that_fits_arrives_whole_in_several_messages(event):
    written = "\n\n".join(f"Paragraph {n} has some words." for n in range(300))
    text, _ = reply_of(bot_of(written).lambda_handler(event, Context()))
    assert text == written


def test_a_waiting_text_is_shown_but_is_no_part_of_the_reply(event):
    gate = threading.Event()
    channel = FakeChannel(on_post=lambda: len(channel.posts) == 2 and gate.set())
    bot = bot_of(gate, "Hello.", channel=channel, waiting_text="Thinking…")
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."
    assert channel.frames[:2] == ["Thinking…", " "]


def test_a_hostile_endpoint_of_the_browser_is_never_contacted(event):
    event["sessionState"]["sessionAttributes"]["streamingEndpoint"] = "https://evil.example/Prod"
    gate = threading.Event()
    channel = FakeChannel(on_post=gate.set)
    reply_of(bot_of("Hello", gate, channel=channel).lambda_handler(event, Context()))
    # The one channel there is was made from the settings.
    assert channel.posts[0] == ("connection-1", "Hell")


def test_a_contested_session_is_not_streamed(event):
    channel = FakeChannel()
    sessions = FakeSessions({"session-1": Session("connection-1", contested=True)})
    bot = bot_of("Hello.", channel=channel, sessions=sessions)
    assert reply_of(bot.lambda_handler(event, Context()))[0] == "Hello."
    assert channel.posts == []


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
