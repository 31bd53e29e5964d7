from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fulfillment import Bot
from fulfillment.lex.events import slot_of
from fulfillment.testing import ScriptedModel, ToolCall, run
from fulfillment.turn import Turn
from tests.turns import taken


def double(number: int) -> int:
    """Double a number.

    Args:
        number: any
    """
    return 2 * number


def doubling(number: int) -> ToolCall:
    return ToolCall(f"call-{number}", "double", {"number": number})


def test_a_result_says_what_lex_does_next() -> None:
    bot = Bot()

    @bot.fallback
    def decide(turn: Turn) -> Iterator[str]:
        yield "Well. "
        getattr(turn, turn.utterance)(*turn.request_attributes.values())

    def decided(method: str, *words: str) -> tuple[str, str | None, str | None, str]:
        attributes = dict(zip("abc", words, strict=False))
        result = run(bot, method, request_attributes=attributes)
        taken(result.response)
        return result.action, result.slot_to_elicit, result.intent_state, result.reply

    asked = "Well.\n\nWhich?"
    assert decided("close") == ("Close", None, "Fulfilled", "Well.")
    assert decided("confirm", "Which?") == ("ConfirmIntent", None, "InProgress", asked)
    assert decided("elicit_intent", "Which?") == ("ElicitIntent", None, None, asked)
    assert decided("elicit_slot", "S", "Which?") == ("ElicitSlot", "S", "InProgress", asked)


def test_a_result_holds_messages_and_cards_apart() -> None:
    bot = Bot()

    @bot.fallback
    def offer(turn: Turn) -> str:
        turn.add_card("Which?", buttons=[("This", "this one")])
        turn.add_message("On sale.")
        return "Two lamps."

    result = run(bot, "Lamps?")
    assert result.messages == ["Two lamps.", "On sale."]
    assert result.reply == "Two lamps.\n\nOn sale."
    assert result.cards == [{"title": "Which?", "buttons": [{"text": "This", "value": "this one"}]}]


def test_a_result_says_the_slots_by_name() -> None:
    bot = Bot()

    @bot.dialog("Book")
    def check(turn: Turn) -> None:
        turn.set_slot("Day", "2026-12-24")
        turn.set_slot("Extras", ["dog", "cake"])
        turn.elicit_slot("Guests", "For how many?")

    slots = {"Guests": "forty", "Extras": None, "Day": None, "Name": "Ada"}
    result = run(bot, "Book!", intent="Book", slots=slots, hook="DialogCodeHook")
    assert result.slots == {
        "Guests": None,
        "Extras": ["dog", "cake"],
        "Day": "2026-12-24",
        "Name": "Ada",
    }
    assert result.response["sessionState"]["intent"]["slots"]["Name"] == slot_of("Ada")


def test_an_intent_that_was_left_has_no_slots() -> None:
    bot = Bot()
    bot.fallback(lambda turn: turn.elicit_intent("What else?"))
    assert run(bot, "Stop.", slots={"Guests": "four"}).slots == {}


def test_session_attributes_are_those_of_the_bot() -> None:
    bot = Bot()

    @bot.fallback
    def count(turn: Turn) -> str:
        turn.session_attributes["seen"] = turn.session_attributes.get("seen", "") + "I"
        return "Counted."

    first = run(bot, "Hello?")
    assert first.session_attributes == {"seen": "I"}
    second = run(bot, "Hello?", session_attributes=first.session_attributes)
    assert second.session_attributes == {"seen": "II"}


def test_tools_of_several_questions_are_told_in_order() -> None:
    bot = Bot()

    @bot.fallback
    def twice(turn: Turn) -> Iterator[Any]:
        yield from turn.ask("First.", tools=[double])
        yield from turn.ask("Second.", tools=[double])

    model = ScriptedModel([doubling(1), "Two."], [doubling(5), doubling(6), "Many."])
    result = run(bot, "Go!", model=model)
    assert result.reply == "Two.Many."
    assert [(told.call_id, told.text) for told in result.tool_results] == [
        ("call-1", "2"),
        ("call-5", "10"),
        ("call-6", "12"),
    ]
    assert [prompt.messages[-1].text for prompt in result.prompts] == ["First.", "", "Second.", ""]
