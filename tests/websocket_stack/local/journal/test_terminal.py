"""What the terminal says of a turn."""

from __future__ import annotations

from typing import Any

from websocket_stack.local.journal.journal import Failure, Invocation
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
        " 7 frames (streamed), 12 + 30 tokens"
    )


def test_a_turn_without_text_frames_and_model() -> None:
    turn = TURN | {"first_chunk_seconds": None, "frames": 0, "delivery": "off"}
    turn |= {"outcome": "failed", "characters": 0, "output_tokens": None}
    (line,) = lines_of(Invocation(1, "bot", 0.0, {}, turn=turn))

    assert line.endswith("failed after 1.23 s: 0 characters, no frames (off)")


def test_a_failure_comes_with_its_traceback() -> None:
    failure = Failure("handler", "ValueError: no", "Traceback …\nValueError: no\n")

    assert lines_of(Invocation(1, "bot", 0.0, {}, failures=[failure])) == [
        "handler failed:",
        "    Traceback …",
        "    ValueError: no",
    ]


def test_a_call_that_was_no_turn_and_went_well_is_silent() -> None:
    assert lines_of(Invocation(1, "registration", 0.0, {})) == []
