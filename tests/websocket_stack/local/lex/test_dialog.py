"""What Lex does in a dialog by itself, step by step; whole dialogs are in test_lex_runtime."""

from __future__ import annotations

from typing import Any

import pytest

from websocket_stack.local.lex.code_hooks import intent_of, slot_of
from websocket_stack.local.lex.dialog import Dialog
from websocket_stack.local.lex.responses import HookResult
from websocket_stack.local.lex.utterances import Understanding

DIALOG = Dialog(
    Understanding(
        "[Book]\nbook\nbook for {Guests}\nbook for {Guests} at {Time}\n"
        "{Guests}: For how many?\n{Time}: At what time?\n"
        "[Cancel]\ncancel {What}\n[Help]\nhelp\n"
    )
)
ELICIT_GUESTS = {"type": "ElicitSlot", "slotToElicit": "Guests"}
ELICIT_TIME = {"type": "ElicitSlot", "slotToElicit": "Time"}
CONFIRM = {"type": "ConfirmIntent"}
EMPTY = {"Guests": None, "Time": None}


def booking(**slots: str) -> dict[str, Any]:
    return intent_of("Book", EMPTY | slots)


def result(
    action: dict[str, str], intent: dict[str, Any] | None, messages: Any = (), **state: Any
) -> HookResult:
    """Return what a Lambda returned."""
    of_intent = {} if intent is None else {"intent": intent}
    return HookResult(
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
def test_what_is_said_when_a_slot_is_elicited_is_its_value(text, slots) -> None:
    assert DIALOG.answered(text, booking(), ELICIT_GUESTS) == booking(**slots)


def test_slots_that_are_filled_stay_so() -> None:
    filled = booking(Time="8")
    assert DIALOG.answered("five", filled, ELICIT_GUESTS) == booking(Guests="five", Time="8")
    assert DIALOG.answered("book for six", booking(Guests="five", Time="8"), ELICIT_GUESTS) == (
        booking(Guests="six", Time="8")
    )


@pytest.mark.parametrize("action", [ELICIT_GUESTS, CONFIRM])
def test_another_intents_utterance_changes_the_subject(action) -> None:
    assert DIALOG.answered("Cancel my lamp", booking(), action) == (
        intent_of("Cancel", {"What": "my lamp"})
    )


@pytest.mark.parametrize(("text", "state"), [("Yes!", "Confirmed"), ("no", "Denied")])
def test_a_confirmation_is_of_the_intent_as_it_is(text, state) -> None:
    filled = booking(Guests="five", Time="8")
    assert DIALOG.answered(text, filled, CONFIRM) == filled | {"confirmationState": state}


@pytest.mark.parametrize("text", ["perhaps", "yes but at 9"])
def test_neither_yes_nor_no_is_for_the_fallback(text) -> None:
    assert DIALOG.answered(text, booking(), CONFIRM) == intent_of("FallbackIntent")


@pytest.mark.parametrize("action", [{}, {"type": "Close"}, {"type": "ElicitIntent"}])
@pytest.mark.parametrize("intent", [None, booking(Guests="five")])
def test_when_nothing_was_asked_an_intent_begins_anew(intent, action) -> None:
    assert DIALOG.answered("book", intent, action) == booking()
    assert DIALOG.answered("yes", intent, action) == intent_of("FallbackIntent")
    assert DIALOG.answered("hello", intent, action) == intent_of("FallbackIntent")


@pytest.mark.parametrize("action", [ELICIT_GUESTS, CONFIRM])
def test_without_an_intent_nothing_was_asked(action) -> None:
    assert DIALOG.answered("yes", None, action) == intent_of("FallbackIntent")


def test_a_slot_of_an_intent_that_no_file_knows_is_filled_too() -> None:
    action = {"type": "ElicitSlot", "slotToElicit": "Email"}
    intent = intent_of("FallbackIntent")
    filled = DIALOG.answered("me@example.com", intent, action)
    assert filled == intent | {"slots": {"Email": slot_of("me@example.com")}}


def test_what_a_client_says_of_an_intent_is_completed() -> None:
    assert DIALOG.answered("five", {"name": "Book"}, ELICIT_GUESTS) == booking(Guests="five")


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
        (intent_of("Help"), {"type": "Delegate"}),
        (intent_of("Cancel", {"What": None}), {"type": "Delegate"}),
    ],
)
def test_delegated_lex_elicits_the_next_slot_or_goes_on(intent, action) -> None:
    decided = DIALOG.decided(result({"type": "Delegate"}, intent))
    assert decided.action == action["type"]
    assert decided.session_state == {"dialogAction": action, "intent": intent}


def test_delegated_what_was_denied_has_failed() -> None:
    denied = booking(Guests="five", Time="8") | {"confirmationState": "Denied"}
    decided = DIALOG.decided(result({"type": "Delegate"}, denied))
    assert decided.action == "Close"
    assert decided.session_state == {
        "dialogAction": {"type": "Close"},
        "intent": denied | {"state": "Failed"},
    }


@pytest.mark.parametrize("action", [{"type": "Close"}, CONFIRM, ELICIT_GUESTS])
@pytest.mark.parametrize("state", ["Fulfilled", "InProgress", "Failed"])
def test_what_a_lambda_decides_stays_decided(action, state) -> None:
    denied = booking() | {"confirmationState": "Denied", "state": state}
    returned = result(action, denied, [{"content": "Well."}], sessionAttributes={"a": "b"})
    assert DIALOG.decided(returned) == returned


def test_a_slot_that_a_lambda_leaves_out_is_empty() -> None:
    returned = result({"type": "Delegate"}, {"name": "Book", "state": "InProgress", "slots": {}})
    decided = DIALOG.decided(returned)
    assert decided.session_state["intent"] == booking()
    assert decided.session_state["dialogAction"] == ELICIT_GUESTS


def test_a_lambda_may_go_over_to_another_intent() -> None:
    decided = DIALOG.decided(result({"type": "Delegate"}, {"name": "Help", "state": "InProgress"}))
    assert decided.session_state["intent"] == intent_of("Help")
    assert decided.action == "Delegate"


def test_elicited_an_intent_is_not_there_yet() -> None:
    returned = result({"type": "ElicitIntent"}, None)
    assert DIALOG.decided(returned) == returned


# --- what Lex says


def test_lexs_prompt_is_that_of_the_slot() -> None:
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
        (intent_of("Unknown"), ELICIT_GUESTS),
    ],
)
def test_for_all_else_it_has_no_words(intent, action) -> None:
    assert DIALOG.prompt(intent, action) == []
