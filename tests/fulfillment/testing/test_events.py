from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from fulfillment import Bot
from fulfillment.lex.events import LexEvent
from fulfillment.testing import event, run


def test_an_event_is_one_that_lex_sends(load_event: Callable[[str], dict[str, Any]]) -> None:
    real = load_event("console_test_window")
    made = event("Hello?", request_attributes={"a": "b"})
    assert set(made) - {"requestAttributes"} <= set(real)
    assert set(made["bot"]) == set(real["bot"])
    assert set(made["sessionState"]) <= set(real["sessionState"])


def test_an_event_says_what_was_chosen() -> None:
    options: dict[str, Any] = {
        "intent": "Book",
        "slots": {"Guests": "four", "Extras": ["dog", "cake"], "Day": None},
        "hook": "DialogCodeHook",
        "confirmation": "Denied",
        "locale": "de_DE",
        "session_id": "mine",
        "session_attributes": {"a": "b"},
        "request_attributes": {"c": "d"},
    }
    parsed = LexEvent.from_dict(event("Book!", **options))
    assert (parsed.utterance, parsed.intent.name, parsed.session_id) == ("Book!", "Book", "mine")
    assert parsed.slots == {"Guests": "four", "Extras": ["dog", "cake"], "Day": None}
    assert parsed.resolutions["Guests"] == ["four"]
    assert parsed.is_dialog and parsed.confirmation == "Denied"
    assert parsed.locale == "de_DE"
    assert parsed.session_attributes["a"] == "b" and parsed.wants_frames
    assert parsed.request_attributes == {"c": "d"}


@pytest.mark.parametrize("answer", [None, "Confirmed", "Denied"])
def test_a_confirmation_is_what_a_turn_says(answer: Literal["Confirmed", "Denied"] | None) -> None:
    bot = Bot()
    bot.fallback(lambda turn: repr(turn.confirmation))
    assert run(bot, "Yes?", confirmation=answer).reply == repr(answer)


@pytest.mark.parametrize(
    ("wrong", "known"),
    [
        ({"hook": "DialogHook"}, "DialogCodeHook, FulfillmentCodeHook"),
        ({"confirmation": "None"}, "Confirmed, Denied"),
        ({"input_mode": "Voice"}, "Text, Speech, DTMF"),
    ],
)
def test_an_unknown_option_value_is_refused(wrong: dict[str, Any], known: str) -> None:
    with pytest.raises(ValueError, match=known):
        event("Hello?", **wrong)


@pytest.mark.parametrize("name", ["session_attributes", "request_attributes"])
def test_attributes_must_be_text(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        wrong: dict[str, Any] = {name: {"count": 1}}
        run(Bot(), "Hello?", **wrong)


def test_an_option_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError, match="slot"):
        run(Bot(), "Hello?", slot={"OrderId": "A-17"})  # type: ignore[call-arg]
