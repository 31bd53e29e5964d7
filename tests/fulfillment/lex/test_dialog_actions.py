import botocore.session
import pytest

from fulfillment.errors import AnswerError
from fulfillment.lex import dialog_actions as actions
from fulfillment.lex.dialog_actions import Action, Button, Card, Decision, Text, checked

CARD = Card("Lamp", "lit", "https://x/lamp.png", [Button("More", "Tell me more")])


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (Action(), "Fulfilled"),
        (Action("Close", failed=True), "Failed"),
        (Action("ElicitSlot", "Item"), "InProgress"),
        (Action("ConfirmIntent"), "InProgress"),
        (Action("ElicitIntent"), "InProgress"),
        (Action("Delegate"), "InProgress"),
    ],
)
def test_only_a_close_ends_an_intent(action, state):
    assert action.intent_state == state


def test_a_question_stands_after_other_texts_and_before_the_cards():
    decision = Decision(
        Action("ConfirmIntent"), "Shall I?", (Text("One"), Text("Two", "PlainText")), (CARD,)
    )
    assert decision.messages == [Text("One"), Text("Two", "PlainText"), Text("Shall I?"), CARD]


def test_blank_texts_are_no_messages():
    assert Decision(prompt=" ", texts=(Text(""), Text("\n"))).messages == []


@pytest.mark.parametrize(
    ("decision", "says_something"),
    [
        (Decision(), False),
        (Decision(texts=(Text(" "),)), False),
        (Decision(texts=(Text("x"),)), True),
        (Decision(cards=(CARD,)), True),
        (Decision(Action("Close", failed=True)), False),
        # Lex asks for it as the bot's definition says, or goes on.
        (Decision(Action("ElicitSlot", "Item")), True),
        (Decision(Action("Delegate")), True),
        # Lex has no words of its own for these.
        (Decision(Action("ConfirmIntent")), False),
        (Decision(Action("ElicitIntent")), False),
        (Decision(Action("ConfirmIntent"), "Shall I?"), True),
    ],
)
def test_whether_the_user_hears_something_without_a_reply(decision, says_something):
    assert decision.says_something is says_something


@pytest.mark.parametrize(
    "card",
    [
        Card("t" * 250, "s" * 250, "u" * 250, [Button("b" * 50, "v" * 50)] * 5),
        Card("😀" * 125),
        CARD,
        Card("Lamp"),
    ],
)
def test_a_card_within_the_limits_is_taken_as_it_is(card):
    assert checked(card) is card


@pytest.mark.parametrize(
    ("card", "named"),
    [
        (Card(""), "a title"),
        (Card("t" * 251), "title has at most 250 characters, not 251"),
        # Lex counts it as two.
        (Card("😀" * 126), "title has at most 250 characters, not 252"),
        (Card("t", "s" * 251), "subtitle has at most 250"),
        (Card("t", image_url="u" * 251), "image_url has at most 250"),
        (Card("t", buttons=[Button("b", "v")] * 6), "at most 5 buttons, not 6"),
        (Card("t", buttons=[Button("b" * 51, "v")]), "button's text has at most 50"),
        (Card("t", buttons=[Button("b", "v" * 51)]), "button's value has at most 50"),
        (Card("t", buttons=[Button("", "v")]), "a button has a text and a value"),
        (Card("t", buttons=[Button("b", "")]), "a button has a text and a value"),
    ],
)
def test_a_card_that_lex_would_not_take_is_refused_by_its_part(card, named):
    with pytest.raises(AnswerError, match=named):
        checked(card)


def test_a_refusal_does_not_say_what_is_on_the_card():
    with pytest.raises(AnswerError) as caught:
        checked(Card("secret" * 50))
    assert "secret" not in str(caught.value)


def test_the_limits_are_those_of_lexs_own_model():
    model = botocore.session.get_session().get_service_model("lexv2-runtime")

    def most(shape, member=None):
        found = model.shape_for(shape)
        return (found.members[member] if member else found).metadata["max"]

    assert actions.MAX_MESSAGES == most("Messages")
    assert actions.MAX_BUTTONS == most("ImageResponseCard", "buttons")
    for member in ("title", "subtitle", "imageUrl"):
        assert actions.MAX_CARD_CHARACTERS == most("ImageResponseCard", member)
    for member in ("text", "value"):
        assert actions.MAX_BUTTON_CHARACTERS == most("Button", member)


def test_the_size_is_about_that_of_the_messages():
    assert Decision().size < 10
    assert 3_000 < Decision(texts=(Text("字" * 500),), cards=(Card("x" * 200),) * 7).size < 4_000
