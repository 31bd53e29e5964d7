"""What Lex does in a dialog by itself, step by step; whole dialogs are in test_service."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lex_locales import locale_of
from websocket_stack.local.lex.code_hooks import HookResponse
from websocket_stack.local.lex.dialog import Dialog
from websocket_stack.local.lex.intents import new_intent
from websocket_stack.local.lex.slot_values import new_slot
from websocket_stack.local.lex.utterances import Understanding

DIALOG = Dialog(
    Understanding(
        locale_of(
            "[Book]\nbook\nbook for {Guests}\nbook for {Guests} at {Time}\n"
            "{Guests}: For how many?\n{Time}: At what time?\n"
            "[Cancel]\ncancel {What}\n[Help]\nhelp\n"
        )
    )
)
ELICIT_GUESTS = {"type": "ElicitSlot", "slotToElicit": "Guests"}
ELICIT_TIME = {"type": "ElicitSlot", "slotToElicit": "Time"}
CONFIRM = {"type": "ConfirmIntent"}
EMPTY: dict[str, Any] = {"Guests": None, "Time": None}


def booking(**slots: str) -> dict[str, Any]:
    return new_intent("Book", EMPTY | slots)


def response(
    action: dict[str, str], intent: dict[str, Any] | None, messages: Any = (), **state: Any
) -> HookResponse:
    """Return a Lambda's response."""
    of_intent = {} if intent is None else {"intent": intent}
    return HookResponse(
        action["type"], {"dialogAction": action, **of_intent, **state}, list(messages), {}
    )


# --- what an utterance answers


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("five", {"Guests": "five"}),
        ("Five, I think.", {"Guests": "Five, I think."}),
        # An utterance of the same intent is read as one, and may fill more.
        ("book for five", {"Guests": "five"}),
        ("Book for five at 8.", {"Guests": "five", "Time": "8"}),
        # It says nothing for the slot, so that is elicited again.
        ("book", {}),
        # Yes and no may be values.
        ("no", {"Guests": "no"}),
    ],
)
def test_an_answer_is_the_value_of_the_slot(text: str, slots: dict[str, str]) -> None:
    assert DIALOG.interpret(text, booking(), ELICIT_GUESTS) == booking(**slots)


def test_filled_slots_stay_filled() -> None:
    filled = booking(Time="8")
    assert DIALOG.interpret("five", filled, ELICIT_GUESTS) == booking(Guests="five", Time="8")
    assert DIALOG.interpret("book for six", booking(Guests="five", Time="8"), ELICIT_GUESTS) == (
        booking(Guests="six", Time="8")
    )


@pytest.mark.parametrize("action", [ELICIT_GUESTS, CONFIRM])
def test_another_intents_utterance_switches(action: dict[str, str]) -> None:
    assert DIALOG.interpret("Cancel my lamp", booking(), action) == (
        new_intent("Cancel", {"What": "my lamp"})
    )


@pytest.mark.parametrize(("text", "state"), [("Yes!", "Confirmed"), ("no", "Denied")])
def test_a_confirmation_keeps_the_slots(text: str, state: str) -> None:
    filled = booking(Guests="five", Time="8")
    assert DIALOG.interpret(text, filled, CONFIRM) == filled | {"confirmationState": state}


@pytest.mark.parametrize("text", ["perhaps", "yes but at 9"])
def test_neither_yes_nor_no_is_for_the_fallback(text: str) -> None:
    assert DIALOG.interpret(text, booking(), CONFIRM) == new_intent("FallbackIntent")


@pytest.mark.parametrize("action", [{}, {"type": "Close"}, {"type": "ElicitIntent"}])
@pytest.mark.parametrize("intent", [None, booking(Guests="five")])
def test_an_intent_begins_where_nothing_was_asked(
    intent: dict[str, Any] | None, action: dict[str, str]
) -> None:
    assert DIALOG.interpret("book", intent, action) == booking()
    assert DIALOG.interpret("yes", intent, action) == new_intent("FallbackIntent")
    assert DIALOG.interpret("hello", intent, action) == new_intent("FallbackIntent")


@pytest.mark.parametrize("action", [ELICIT_GUESTS, CONFIRM])
def test_without_an_intent_nothing_was_asked(action: dict[str, str]) -> None:
    assert DIALOG.interpret("yes", None, action) == new_intent("FallbackIntent")


def test_a_slot_unknown_to_the_file_is_filled() -> None:
    action = {"type": "ElicitSlot", "slotToElicit": "Email"}
    intent = new_intent("FallbackIntent")
    filled = DIALOG.interpret("me@example.com", intent, action)
    assert filled == intent | {"slots": {"Email": new_slot("me@example.com")}}


def test_a_clients_intent_is_completed() -> None:
    assert DIALOG.interpret("five", {"name": "Book"}, ELICIT_GUESTS) == booking(Guests="five")


# --- what comes next


@pytest.mark.parametrize(
    ("intent", "action"),
    [
        (booking(), ELICIT_GUESTS),
        (booking(Time="8"), ELICIT_GUESTS),
        (booking(Guests="five"), ELICIT_TIME),
        (booking(Guests="five", Time="8"), {"type": "Delegate"}),
        # A yes leads on as no question would have.
        (booking(Guests="five") | {"confirmationState": "Confirmed"}, ELICIT_TIME),
        # An intent without questions is fulfilled at once.
        (new_intent("Help"), {"type": "Delegate"}),
        (new_intent("Cancel", {"What": None}), {"type": "Delegate"}),
    ],
)
def test_delegate_elicits_the_next_slot_or_fulfils(
    intent: dict[str, Any], action: dict[str, str]
) -> None:
    decision = DIALOG.decide(response({"type": "Delegate"}, intent))
    assert decision.action == action["type"]
    assert decision.session_state == {"dialogAction": action, "intent": intent}


def test_delegate_fails_what_was_denied() -> None:
    denied = booking(Guests="five", Time="8") | {"confirmationState": "Denied"}
    decision = DIALOG.decide(response({"type": "Delegate"}, denied))
    assert decision.action == "Close"
    assert decision.session_state == {
        "dialogAction": {"type": "Close"},
        "intent": denied | {"state": "Failed"},
    }


@pytest.mark.parametrize("action", [{"type": "Close"}, CONFIRM, ELICIT_GUESTS])
@pytest.mark.parametrize("state", ["Fulfilled", "InProgress", "Failed"])
def test_a_lambdas_own_action_stands(action: dict[str, str], state: str) -> None:
    denied = booking() | {"confirmationState": "Denied", "state": state}
    given = response(action, denied, [{"content": "Well."}], sessionAttributes={"a": "b"})
    assert DIALOG.decide(given) == given


def test_a_slot_that_a_lambda_leaves_out_is_empty() -> None:
    given = response({"type": "Delegate"}, {"name": "Book", "state": "InProgress", "slots": {}})
    decision = DIALOG.decide(given)
    assert decision.session_state["intent"] == booking()
    assert decision.session_state["dialogAction"] == ELICIT_GUESTS


def test_a_lambda_may_switch_to_another_intent() -> None:
    decision = DIALOG.decide(
        response({"type": "Delegate"}, {"name": "Help", "state": "InProgress"})
    )
    assert decision.session_state["intent"] == new_intent("Help")
    assert decision.action == "Delegate"


def test_eliciting_an_intent_stands() -> None:
    given = response({"type": "ElicitIntent"}, None)
    assert DIALOG.decide(given) == given


# --- what Lex says


def test_the_prompt_is_the_slots() -> None:
    assert DIALOG.prompt(booking(), ELICIT_GUESTS) == [
        {"contentType": "PlainText", "content": "For how many?"}
    ]


@pytest.mark.parametrize(
    ("intent", "action"),
    [
        (None, ELICIT_GUESTS),
        (booking(), {}),
        (booking(), {"type": "Close"}),
        (booking(), {"type": "ElicitSlot", "slotToElicit": "Unknown"}),
        (new_intent("Unknown"), ELICIT_GUESTS),
    ],
)
def test_there_is_no_other_prompt(intent: dict[str, Any] | None, action: dict[str, str]) -> None:
    assert DIALOG.prompt(intent, action) == []
