from __future__ import annotations

import pytest

from fulfillment.lex.dialog_actions import Action, Decision
from fulfillment.lex.messages import Button, Card, Text
from fulfillment.outcome import Outcome
from fulfillment.reply import Reply

CARD = Card("Lamp", "lit", "https://x/lamp.png", [Button("More", "Tell me more")])
ELICIT = Action("ElicitSlot", "Size")
CONFIRM = Action("ConfirmIntent")
DELEGATE = Action("Delegate")
FAIL = Action("Close", failed=True)


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (Action(), "Fulfilled"),
        (FAIL, "Failed"),
        (ELICIT, "InProgress"),
        (CONFIRM, "InProgress"),
        (Action("ElicitIntent"), "InProgress"),
        (DELEGATE, "InProgress"),
    ],
)
def test_only_a_close_ends_an_intent(action: Action, state: str) -> None:
    assert action.intent_state == state


def test_a_question_follows_other_texts() -> None:
    """And stands before the cards."""
    decision = Decision(CONFIRM, "Shall I?", (Text("One"), Text("Two", "PlainText")), (CARD,))
    assert decision.messages == [Text("One"), Text("Two", "PlainText"), Text("Shall I?"), CARD]


def test_blank_texts_are_no_messages() -> None:
    assert Decision(prompt=" ", texts=(Text(""), Text("\n"))).messages == []


@pytest.mark.parametrize(
    ("decision", "says_something"),
    [
        (Decision(), False),
        (Decision(texts=(Text(" "),)), False),
        (Decision(texts=(Text("x"),)), True),
        (Decision(cards=(CARD,)), True),
        (Decision(FAIL), False),
        # Lex asks for it as the bot's definition says, or goes on.
        (Decision(ELICIT), True),
        (Decision(DELEGATE), True),
        # Lex has no words of its own for these.
        (Decision(CONFIRM), False),
        (Decision(Action("ElicitIntent")), False),
        (Decision(CONFIRM, "Shall I?"), True),
    ],
)
def test_whether_it_says_something_without_a_reply(
    decision: Decision, says_something: bool
) -> None:
    assert decision.says_something is says_something


def test_the_size_is_about_that_of_the_messages() -> None:
    assert Decision().size < 10
    assert 3_000 < Decision(texts=(Text("字" * 500),), cards=(Card("x" * 200),) * 7).size < 4_000


# --- after the reply


@pytest.mark.parametrize("action", [Action(), FAIL, ELICIT, CONFIRM, DELEGATE])
def test_a_handler_that_finished_has_its_way(action: Action) -> None:
    decision = Decision(action, texts=(Text("More."),))
    assert decision.after(Reply(Outcome.COMPLETED, "All.", handler_finished=True)) == decision


@pytest.mark.parametrize("outcome", [each for each in Outcome if each != "completed"])
@pytest.mark.parametrize("action", [FAIL, ELICIT, CONFIRM, DELEGATE])
def test_what_an_unfinished_handler_decided_is_dropped(outcome: Outcome, action: Action) -> None:
    """That it had failed is all that is taken from one which then raised."""
    decision = Decision(action, "Which?", (Text("More."),), (CARD,))
    left = decision.after(Reply(outcome, "Some."))
    assert left._replace(action=Action()) == Decision()
    has_failed = outcome is Outcome.INTERRUPTED and action is FAIL
    assert left.action == Action("Close", failed=has_failed)
