"""What the terminal says of a turn."""

from __future__ import annotations

from typing import Any

import pytest

from websocket_stack.local.journal.journal import FUNCTION, Failure, Invocation
from websocket_stack.local.journal.terminal import lines_of

TURN: dict[str, Any] = {
    "intent": "TrackOrder",
    "outcome": "completed",
    "total_seconds": 1.234,
    "characters": 120,
    "first_chunk_seconds": 0.321,
    "frames": 7,
    "delivery": "streamed",
    "input_tokens": 12,
    "output_tokens": 30,
}


def test_a_turn_is_one_line() -> None:
    (line,) = lines_of(Invocation(1, "bot", 0.0, {}, turn=TURN))

    assert line[8:] == (
        " TrackOrder completed after 1.23 s: 120 characters, the first after 0.32 s,"
        " 7 frames, 12 + 30 tokens"
    )


def test_a_turn_without_text_frames_and_model() -> None:
    turn = TURN | {"first_chunk_seconds": None, "frames": 0, "delivery": "off"}
    turn |= {"outcome": "failed", "characters": 0, "output_tokens": None}
    (line,) = lines_of(Invocation(1, "bot", 0.0, {}, turn=turn))

    assert line.endswith("failed after 1.23 s: 0 characters, not streamed")


def test_a_turn_that_was_cut_says_where() -> None:
    turn = TURN | {"outcome": "cut", "cut_at": "/bots/my_bot.py:12 answer"}
    _, place = lines_of(Invocation(1, "bot", 0.0, {}, turn=turn))
    assert place == "    the handler was at /bots/my_bot.py:12 answer"


def test_a_dialog_turn_says_what_lex_says() -> None:
    event = {"invocationSource": "DialogCodeHook"}
    turn = TURN | {"characters": 0, "frames": 0, "delivery": "off", "first_chunk_seconds": None}
    closed = {"messages": [{"content": "There is no such order."}, {"imageResponseCard": {}}]}
    delegated = {"sessionState": {"dialogAction": {"type": "Delegate"}}}
    for response, said in ((closed, "23 characters"), (delegated, "Lex goes on")):
        (line,) = lines_of(Invocation(1, "bot", 0.0, event, response, turn=turn))
        assert f" TrackOrder (dialog) completed after 1.23 s: {said}, not streamed" in line


@pytest.mark.parametrize(
    ("delivery", "frames", "words"),
    [
        ("unused", 0, "no frames (complete before the first frame was due)"),
        ("no_connection", 0, "no frames (the client has not connected)"),
        ("gone", 3, "3 frames (the client closed its connection)"),
    ],
)
def test_a_delivery_is_told_in_words(delivery: str, frames: int, words: str) -> None:
    turn = TURN | {"delivery": delivery, "frames": frames}
    assert f", {words}, " in lines_of(Invocation(1, "bot", 0.0, {}, turn=turn))[0]


def test_a_task_is_named_by_its_type() -> None:
    turn = TURN | {"door": "task", "task_type": "summarise"}
    del turn["intent"]
    (line,) = lines_of(Invocation(1, "worker", 0.0, {}, turn=turn))
    assert line[8:].startswith(" task (summarise) completed after 1.23 s: 120 characters")


def test_what_a_function_raised_is_not_repeated() -> None:
    failure = Failure(FUNCTION, "ValueError: no", "Traceback …\nValueError: no\n")
    assert lines_of(Invocation(1, "bot", 0.0, {}, failures=[failure])) == []


def test_a_failure_comes_with_its_traceback() -> None:
    failure = Failure("handler", "ValueError: no", "Traceback …\nValueError: no\n")

    assert lines_of(Invocation(1, "bot", 0.0, {}, failures=[failure])) == [
        "handler failed:",
        "    Traceback …",
        "    ValueError: no",
    ]


def test_a_call_that_was_no_turn_and_went_well_is_silent() -> None:
    assert lines_of(Invocation(1, "registration", 0.0, {})) == []
