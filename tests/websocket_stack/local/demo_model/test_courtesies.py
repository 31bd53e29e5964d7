"""Greetings, thanks, and questions about the demo model itself."""

from __future__ import annotations

import pytest

from websocket_stack.local.demo_model.courtesies import INTRODUCTION, courtesy, is_answer


@pytest.mark.parametrize("text", ["hi", "Hello!", "hey there 👋", "Good morning."])
def test_a_greeting_is_returned(text: str) -> None:
    assert courtesy(text) == f"Hello! {INTRODUCTION}"


@pytest.mark.parametrize("text", ["thanks!", "Thank you so much.", "ok, thanks for the help"])
def test_thanks_are_welcome(text: str) -> None:
    assert courtesy(text).startswith("You are welcome")


@pytest.mark.parametrize(
    "text",
    ["what can you do?", "Who are you?", "help", "are you a real AI?", "What can I ask you here?"],
)
def test_it_says_what_it_is(text: str) -> None:
    assert courtesy(text) == INTRODUCTION


@pytest.mark.parametrize("text", ["yes", "No, thanks", "ok!", "perhaps"])
def test_it_asked_nothing(text: str) -> None:
    assert courtesy(text).startswith("That means nothing to me")
    assert is_answer(text)


@pytest.mark.parametrize(
    "text", ["", "hi, what does it cost?", "What can you do with tools?", "How do I say goodbye?"]
)
def test_a_question_is_no_courtesy(text: str) -> None:
    assert courtesy(text) == ""
