from __future__ import annotations

from typing import Any

import pytest

from fulfillment.memory import Exchange
from websocket_stack.server.messages import Transcript, transcript_of


def message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "text": text}]}


def test_one_message_is_a_question_alone() -> None:
    assert transcript_of([message("user", "hi")]) == Transcript("hi", None)


def test_earlier_messages_are_paired() -> None:
    transcript = transcript_of(
        [
            message("system", "You are a pirate."),
            message("user", "unanswered"),
            message("user", "one"),
            message("assistant", "1"),
            message("assistant", "stray"),
            message("user", "two"),
        ]
    )
    assert transcript == Transcript("two", [Exchange("one", "1")])


@pytest.mark.parametrize(
    "content",
    [
        {"content": "ab"},
        {
            "content": [
                {"type": "text", "text": "a"},
                {"type": "file"},
                {"type": "text", "text": "b"},
            ]
        },
        {"parts": [{"type": "text", "text": "ab"}, {"type": "text"}, "b"]},
    ],
)
def test_text_may_be_in_parts(content: dict[str, Any]) -> None:
    assert transcript_of([{"role": "user"} | content]) == Transcript("ab", None)


@pytest.mark.parametrize("messages", [None, "hi", [], [1], [{}], [message("assistant", "hi")]])
def test_nothing_was_asked(messages: Any) -> None:
    assert transcript_of(messages) is None
