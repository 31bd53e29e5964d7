"""Checks that ask the bot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fulfillment.notices import Notices
from tests.websocket_stack.smoke.smoke_fakes import STACK, FakeSocket, session
from websocket_stack.smoke.browser import ObservedTurn, TimedFrame
from websocket_stack.smoke.checks import turns as turn_checks
from websocket_stack.smoke.report import CheckFailed, CheckSkipped


class FakeBrowser:
    """Answers each question with the same turn."""

    def __init__(self, *frames: str, messages: tuple[str, ...], **attributes: str) -> None:
        timed = (TimedFrame(0.5 + index / 10, text) for index, text in enumerate(frames))
        self._turn = ObservedTurn(tuple(timed), messages, attributes, 2.0)
        self.questions: list[tuple[str, dict[str, str]]] = []
        self.sockets: list[Any] = []

    lex_client = None
    session_id = "smoke-1"

    def without_streaming(self) -> FakeBrowser:
        return self

    def ask(
        self, socket: Any, lex: Any, bot_alias: Any, text: str, attributes: dict[str, str]
    ) -> ObservedTurn:
        self.questions.append((text, dict(attributes)))
        self.sockets.append(socket)
        return self._turn


def asking(*frames: str, messages: tuple[str, ...], **attributes: str) -> Any:
    smoke = session(opened=FakeSocket())
    smoke.browser = FakeBrowser(*frames, messages=messages, **attributes)  # type: ignore[assignment]
    return smoke


def test_a_turn_is_counted_and_timed() -> None:
    finding = turn_checks.streams_a_turn(asking("The la", "mp", messages=("The lamp turns.",)))

    assert finding.numbers == {
        "frames": 2,
        "first_frame_ms": 500.0,
        "last_frame_ms": 600.0,
        "longest_gap_ms": 100.0,
        "reply_ms": 2000.0,
        "streamed_characters": 8,
        "reply_characters": 15,
    }
    assert "8 of 15 characters streamed" in finding.text


@pytest.mark.parametrize(
    ("frames", "message"),
    [((), "no frame in 2.00 s"), (("The lump",), "differ from the reply after 4 characters")],
)
def test_a_turn_has_to_stream_its_reply(frames: tuple[str, ...], message: str) -> None:
    with pytest.raises(CheckFailed, match=message):
        turn_checks.streams_a_turn(asking(*frames, messages=("The lamp",)))


@pytest.mark.parametrize(
    ("streamed", "reply", "where"),
    [
        ("", "abc", None),
        ("abc", "abc", None),
        ("a b\n", "a b c", None),
        # Between two messages the white space goes.
        ("one. two", "one.two", None),
        ("abx", "abc", 2),
        ("abcd", "abc", 3),
    ],
)
def test_what_is_streamed_has_to_begin_the_reply(
    streamed: str, reply: str, where: int | None
) -> None:
    assert turn_checks.difference(streamed, reply) == where


def test_a_long_message_may_come_back_whole() -> None:
    long = "x" * 5000
    finding = turn_checks.brings_long_texts_whole(asking("x", messages=(long, "y")))

    assert finding.numbers["longest_message_characters"] == 5000
    assert "not tested" not in finding.text


def test_our_own_limit_leaves_longer_ones_open() -> None:
    finding = turn_checks.brings_long_texts_whole(asking("x", messages=("x" * 2000,)))

    assert finding.text.endswith("beyond 4000: not tested")


def test_short_messages_answer_nothing() -> None:
    with pytest.raises(CheckSkipped, match="the longest message has 10 characters"):
        turn_checks.brings_long_texts_whole(asking("x", messages=("x" * 10,)))


def test_a_message_that_was_cut_fails() -> None:
    with pytest.raises(CheckFailed, match="differs from the reply after 1024 characters"):
        turn_checks.brings_long_texts_whole(asking("x" * 3000, messages=("x" * 1024,)))


@pytest.mark.parametrize(
    ("attributes", "kept"), [({}, False), ({"previousLexResponse": "smoke"}, True)]
)
def test_an_attribute_left_out_is_kept_or_gone(attributes: dict[str, str], kept: bool) -> None:
    smoke = asking(messages=("x",), **attributes)
    finding = turn_checks.keeps_attributes_left_out(smoke)

    assert finding.numbers == {"kept": kept}
    assert smoke.browser.questions == [("a question", {"previousLexResponse": "smoke"})]


def test_a_client_that_shows_no_frames_gets_its_reply() -> None:
    smoke = asking(messages=("The ", "lamp"))
    finding = turn_checks.answers_without_streaming(smoke)

    assert finding.numbers == {"reply_characters": 8, "reply_ms": 2000.0}
    assert smoke.browser.sockets == [None]
    with pytest.raises(CheckFailed, match="no reply in 2.00 s"):
        turn_checks.answers_without_streaming(asking(messages=()))


@pytest.mark.parametrize(("reply", "recalled"), [("It is 4711.", True), ("No idea.", False)])
def test_the_second_turn_goes_on_with_the_first(reply: str, recalled: bool) -> None:
    smoke = asking(messages=(reply,), conversationId="abc")
    finding = turn_checks.remembers_the_last_turn(smoke)

    assert finding.numbers == {"recalled": recalled}
    assert [attributes for _, attributes in smoke.browser.questions] == [
        {},
        {"conversationId": "abc"},
    ]


@pytest.mark.parametrize(
    ("remembers", "outcome", "message"),
    [
        (True, CheckFailed, "no conversation has begun"),
        (None, CheckSkipped, "not remembered"),
        (False, CheckSkipped, "RememberConversations is false"),
    ],
)
def test_nothing_may_be_remembered(
    remembers: bool | None, outcome: type[Exception], message: str
) -> None:
    smoke = asking(messages=("x",))
    smoke.stack = replace(STACK, remembers=remembers)
    with pytest.raises(outcome, match=message):
        turn_checks.remembers_the_last_turn(smoke)


def test_the_cause_of_a_failure_is_told() -> None:
    class Refused:
        def cause(self, session_id: str) -> str:
            return f"AccessDenied of {session_id}"

    smoke = asking(messages=(Notices().failed,))
    with pytest.raises(CheckFailed, match="could not answer: its log says why"):
        turn_checks.streams_a_turn(smoke)
    smoke.function = Refused()
    with pytest.raises(CheckFailed, match="could not answer: AccessDenied of smoke-1"):
        turn_checks.streams_a_turn(smoke)


def test_without_a_bot_nothing_is_asked() -> None:
    smoke = session(opened=FakeSocket(), stack=replace(STACK, bot_alias=None))
    with pytest.raises(CheckSkipped, match="no bot; give --bot-id"):
        turn_checks.streams_a_turn(smoke)
