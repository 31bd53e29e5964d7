"""Functions and intents that do not fit each other are found before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lamp_bot import LAMPS
from websocket_stack.lex_bot.functions import (
    Mention,
    mentions_in,
    mentions_of,
    mistakes,
)

SOURCE = b"""\
from fulfillment import Bot

bot = Bot()
NAME = "Other"

@bot.intent("OrderLamp", "Hours")
def order(turn): ...

class Shop:
    @router.dialog("OrderLamp")
    async def check(self, turn): ...

@bot.intent(NAME)
@bot.fallback
@app.route("/intent")
def other(turn):
    size = turn.slot("Size")
    turn.elicit_slot("Delivery", "When?")
    return turn.slot(NAME), turn.slots.get("Other"), turn.slot()
"""


def test_literal_names_are_found_without_running_the_module() -> None:
    found = sorted(mentions_in(SOURCE, "my_bot.py"), key=lambda each: int(each.where.split()[-1]))
    assert found == [
        Mention("OrderLamp", "intent", "my_bot.py, line 6"),
        Mention("Hours", "intent", "my_bot.py, line 6"),
        Mention("OrderLamp", "dialog", "my_bot.py, line 10"),
        Mention("Size", "slot", "my_bot.py, line 17"),
        Mention("Delivery", "slot", "my_bot.py, line 18"),
    ]


@pytest.mark.parametrize("source", [b"def (", b"\x00", b"\xff\xfe"])
def test_what_is_no_python_registers_nothing(source: bytes) -> None:
    assert list(mentions_in(source, "template.py")) == []


def test_modules_among_other_files() -> None:
    found = mentions_of([("my_bot.py", SOURCE), ("notes.txt", SOURCE)])
    assert len(list(found)) == 5


@pytest.mark.parametrize(
    ("registration", "problem"),
    [
        (Mention("OrderLamp", "intent", "a.py"), None),
        (Mention("OrderLamp", "dialog", "a.py"), None),
        (Mention("FallbackIntent", "intent", "a.py"), None),
        (Mention("Help", "any", "my_bot:bot"), None),
        (Mention("Delivery", "slot", "a.py"), None),
        (Mention("size", "slot", "a.py"), "a.py: there is no slot size; is Size meant?"),
        (
            Mention("OrderLmap", "intent", "a.py"),
            "a.py: there is no intent OrderLmap; is OrderLamp meant?",
        ),
        (Mention("Returns", "any", "b.py"), "b.py: there is no intent Returns"),
        (Mention("Hours", "dialog", "a.py"), "a.py: dialog_hook of Hours is off"),
        (Mention("Help", "intent", "a.py"), "a.py: fulfillment_hook of Help is off"),
    ],
)
def test_what_lex_never_calls_is_a_mistake(registration: Any, problem: str | None) -> None:
    assert mistakes(LAMPS, [registration]) == ([problem] if problem else [])
