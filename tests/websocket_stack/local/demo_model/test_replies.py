"""What the demo model replies, and how it goes on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.markdown.splitting import cut_at_sentence
from fulfillment.models.base import Message, ToolCall, ToolResult, ToolSpec
from websocket_stack.local.demo_model.passages import Library, Passage
from websocket_stack.local.demo_model.replies import (
    GO_ON,
    NOT_AGAIN,
    NOTHING_FOUND,
    NOTHING_MORE,
    reply_to,
    rest_of,
)
from websocket_stack.local.demo_model.tools import LOOKING

LAMPS = Passage("docs/lamps.md", "Lamps", "The lamp of a lighthouse turns once in ten seconds.")
FOG = Passage("README.md", "Fog", "In fog the horn sounds twice a minute.")
LONG = Passage(
    "README.md",
    "Keepers",
    "A keeper trims the wick. Winds the clock! Writes the log?\n\n- First the log.\n- Then tea.\n\n"
    "```sh\nkeeper --wick\nkeeper --clock\n```\n\nAnd sleeps.",
)
LIBRARY = Library([LAMPS, FOG, LONG])
KEEPERS = "What do keepers do?"
WHOLE = f"{LONG.text}\n\n*From README.md, “Keepers”.*"
ORDERS = ToolSpec(
    "find_order",
    "Find an order.",
    {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
)
NOT_TEXT = re.compile(r"```(?:sh)?|- |\s")
CARS = ToolSpec(
    "book_car",
    "Book a car.",
    {
        "type": "object",
        "properties": {"size": {"enum": ["small", "large"]}, "days": {"type": "integer"}},
        "required": ["size", "days"],
    },
)


def conversation(*texts: str) -> list[Message]:
    """Return messages of the user's and the assistant's, in turn."""
    return [Message("assistant" if n % 2 else "user", text) for n, text in enumerate(texts)]


def reply(*texts: str) -> str:
    return reply_to(conversation(*texts), (), LIBRARY).text


def with_tools(*texts: str) -> tuple[str, object]:
    """Return the text of a reply, and the arguments of the tool that it calls."""
    message = reply_to(conversation(*texts), (ORDERS, CARS), LIBRARY)
    return message.text, message.tool_calls[0].arguments if message.tool_calls else None


# --- passages


def test_a_reply_quotes_a_passage() -> None:
    assert reply("How does the lamp turn?") == (
        "The lamp of a lighthouse turns once in ten seconds.\n\n*From docs/lamps.md, “Lamps”.*"
    )


def test_an_unknown_question_is_answered() -> None:
    assert reply("quantum chromodynamics") == NOTHING_FOUND
    assert reply_to([Message("user", "")], (), Library([])).text == NOTHING_FOUND


def test_earlier_turns_change_nothing() -> None:
    assert reply(KEEPERS, WHOLE, "lamp", "It turns.", "horn in fog") == reply("horn in fog")
    assert reply(KEEPERS, WHOLE, "quantum chromodynamics") == NOTHING_FOUND


# --- going on


@pytest.mark.parametrize(
    "text", ["go on", "Go on!", "please go on.", "continue, please", "Tell me more", "yes, go on"]
)
def test_it_goes_on_where_it_stopped(text: str) -> None:
    begun = "A keeper trims the wick."

    assert reply(KEEPERS, begun, text) == WHOLE[len(begun) :].lstrip()


@pytest.mark.parametrize("text", ["How do I go on?", "more lamps", "continue with fog", "moreover"])
def test_a_question_is_a_question(text: str) -> None:
    assert not GO_ON.fullmatch(text)


def test_what_is_complete_does_not_go_on() -> None:
    assert reply(KEEPERS, WHOLE, "go on") == NOTHING_MORE
    assert reply(KEEPERS, "Something else.", "go on") == NOTHING_MORE
    assert reply(KEEPERS, WHOLE, "go on", NOTHING_MORE, "go on") == NOTHING_MORE


def test_without_a_reply_nothing_goes_on() -> None:
    assert reply("go on") == NOTHING_FOUND


def test_a_handlers_own_text_may_come_first() -> None:
    beginning = "I look into the log.\n\nA keeper trims the wick."

    assert reply(KEEPERS, beginning, "go on").startswith("Winds the clock!")


def test_a_code_block_that_was_cut_is_opened_again() -> None:
    begun = WHOLE[: WHOLE.index("keeper --clock")].rstrip()

    assert reply(KEEPERS, begun, "go on") == (
        "```sh\nkeeper --clock\n```\n\nAnd sleeps.\n\n*From README.md, “Keepers”.*"
    )


@given(st.lists(st.integers(20, 120), min_size=1, max_size=15))
def test_cut_anywhere_it_goes_on_to_the_end(lengths: Any) -> None:
    written, messages = "", conversation(KEEPERS)
    for length in [*lengths, len(WHOLE)]:
        text = reply_to(messages, (), LIBRARY).text
        if text == NOTHING_MORE:
            break
        # As a turn that is cut remembers it.
        part = cut_at_sentence(text[:length]).strip() if length < len(text) else text
        if not part:
            continue
        written += part
        messages += [Message("assistant", part), Message("user", "go on")]

    # But for the code block and the items, which begin with their marks in each reply.
    assert NOT_TEXT.sub("", written) == NOT_TEXT.sub("", WHOLE)


@given(st.text(alphabet="ab .\n", max_size=40), st.integers(0, 40))
def test_the_rest_is_what_is_missing(whole: Any, length: Any) -> None:
    whole = whole.strip()
    beginning = whole[:length].strip()

    rest = rest_of(whole, beginning)
    if beginning:
        assert whole.split() in ((beginning + rest).split(), f"{beginning} {rest}".split())
    else:
        assert rest == ""


# --- tools


def test_a_tool_is_called_before_a_look_up() -> None:
    assert with_tools("Where is order 7?") == (LOOKING, {"order_id": "7"})
    assert with_tools("horn in fog") == (reply("horn in fog"), None)


def test_a_bot_with_tools_may_have_asked_something_itself() -> None:
    text, call = with_tools("maybe")
    assert text.startswith("*(demo model)* A real model would answer here") and call is None


def test_results_are_told_without_another_call() -> None:
    call = ToolCall("1", "find_order", {"order_id": "7"})
    messages = [
        Message("user", "Where is order 7?"),
        Message("assistant", LOOKING, tool_calls=(call,)),
        Message("user", tool_results=(ToolResult("1", "It is sent."),)),
    ]
    message = reply_to(messages, (ORDERS,), LIBRARY)

    assert (message.text, message.tool_calls) == ("The tool `find_order` says: It is sent.", ())
    assert reply_to(messages[2:], (ORDERS,), LIBRARY).text == "The tool says: It is sent."


def test_it_asks_for_one_thing_after_another() -> None:
    first, _ = with_tools("Book a car")
    second, _ = with_tools("Book a car", first, "small")

    assert "size" in first and "days" in second
    assert with_tools("Book a car", first, "small", second, "for 3") == (
        LOOKING,
        {"size": "small", "days": 3},
    )


def test_a_short_answer_is_an_argument() -> None:
    question, _ = with_tools("Where is my order?")

    assert with_tools("Where is my order?", question, "Lamp.") == (LOOKING, {"order_id": "Lamp"})


def test_a_bot_with_tools_does_not_quote_what_only_mentions_a_word() -> None:
    assert reply("When does a keeper have tea after the log?").startswith("A keeper trims")
    text, arguments = with_tools("When does a keeper have tea after the log?")
    assert "`find_order`, `book_car`" in text and arguments is None


def test_an_unanswered_question_is_not_repeated() -> None:
    question, _ = with_tools("Where is my order?")

    assert with_tools("Where is my order?", question, "horn in fog")[0] == reply("horn in fog")


def test_a_tools_result_is_not_gone_on_with() -> None:
    telling = f"{LOOKING}\n\nThe tool `find_order` says: It is"

    assert with_tools("Where is order 7?", telling, "go on") == (NOT_AGAIN, None)


def test_a_very_long_conversation_is_answered() -> None:
    question, _ = with_tools("Where is my order?")
    endless = ["Where is my order?", question] * 2000

    assert with_tools(*endless, "A-17") == (LOOKING, {"order_id": "A-17"})
    assert reply(*["go on", "?"] * 2000, "go on")
