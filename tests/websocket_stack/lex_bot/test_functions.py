"""Functions and intents that do not fit each other are found before anything is made."""

from __future__ import annotations

import pytest

from tests.lamp_bot import LAMPS
from websocket_stack.lex_bot.functions import (
    Registration,
    mistakes,
    registrations_in,
    registrations_of,
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
def other(turn): ...
"""


def test_literal_names_are_found_without_running_the_module() -> None:
    assert list(registrations_in(SOURCE, "my_bot.py")) == [
        Registration("OrderLamp", "intent", "my_bot.py, line 6"),
        Registration("Hours", "intent", "my_bot.py, line 6"),
        Registration("OrderLamp", "dialog", "my_bot.py, line 10"),
    ]


@pytest.mark.parametrize("source", [b"def (", b"\x00", b"\xff\xfe"])
def test_what_is_no_python_registers_nothing(source) -> None:
    assert list(registrations_in(source, "template.py")) == []


def test_modules_among_other_files(tmp_path) -> None:
    module, text = tmp_path / "my_bot.py", tmp_path / "notes.txt"
    module.write_bytes(SOURCE)
    text.write_bytes(SOURCE)
    found = registrations_of([("my_bot.py", module), ("notes.txt", text)])
    assert len(found) == 3


@pytest.mark.parametrize(
    ("registration", "problem"),
    [
        (Registration("OrderLamp", "intent", "a.py"), None),
        (Registration("OrderLamp", "dialog", "a.py"), None),
        (Registration("FallbackIntent", "intent", "a.py"), None),
        (Registration("Help", "any", "my_bot:bot"), None),
        (
            Registration("OrderLmap", "intent", "a.py"),
            "a.py: there is no intent OrderLmap; is OrderLamp meant?",
        ),
        (Registration("Returns", "any", "b.py"), "b.py: there is no intent Returns"),
        (Registration("Hours", "dialog", "a.py"), "a.py: dialog_hook of Hours is off"),
        (Registration("Help", "intent", "a.py"), "a.py: fulfillment_hook of Help is off"),
    ],
)
def test_what_lex_never_calls_is_a_mistake(registration, problem) -> None:
    assert mistakes(LAMPS, [registration]) == ([problem] if problem else [])
