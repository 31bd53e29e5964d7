"""What a turn asks Lex to do next, and what it shows beside the reply. Pure.

https://docs.aws.amazon.com/lexv2/latest/dg/lambda-response-format.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from fulfillment.errors import AnswerError

ActionType: TypeAlias = Literal["Close", "ConfirmIntent", "Delegate", "ElicitIntent", "ElicitSlot"]
ContentType: TypeAlias = Literal["CustomPayload", "PlainText", "SSML"]

# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_RecognizeText.html
MAX_MESSAGES = 10
# One for the reply, and one for the question that follows it.
MAX_ADDED_MESSAGES = MAX_MESSAGES - 2
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_ImageResponseCard.html
MAX_CARD_CHARACTERS = 250
MAX_BUTTONS = 5
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_Button.html
MAX_BUTTON_CHARACTERS = 50


class Action(NamedTuple):
    """``slot`` is the one to elicit; ``failed`` goes with a Close."""

    type: ActionType = "Close"
    slot: str = ""
    failed: bool = False

    @property
    def intent_state(self) -> str:
        """The state that the intent is in with it."""
        if self.type != "Close":
            return "InProgress"
        return "Failed" if self.failed else "Fulfilled"


class Text(NamedTuple):
    """A message of its own, after the reply. ``CustomPayload`` is Markdown in Lex Web UI."""

    content: str
    content_type: ContentType = "CustomPayload"


class Button(NamedTuple):
    """What the user reads, and what is said for them when they press it."""

    text: str
    value: str


class Card(NamedTuple):
    """A response card: a title, and below it a picture and buttons."""

    title: str
    subtitle: str = ""
    image_url: str = ""
    buttons: Sequence[Button] = ()


class Decision(NamedTuple):
    """How a turn is to end, beside its reply; ``prompt`` is the question of an elicitation."""

    action: Action = Action()
    prompt: str = ""
    texts: tuple[Text, ...] = ()
    cards: tuple[Card, ...] = ()

    @property
    def messages(self) -> list[Text | Card]:
        """What follows the reply, in the order that the user sees it in."""
        texts = (*self.texts, Text(self.prompt))
        return [*(text for text in texts if text.content.strip()), *self.cards]

    @property
    def size(self) -> int:
        """How many bytes that is, more or less, in a response."""
        return len(json.dumps(self.messages, ensure_ascii=False).encode())

    @property
    def says_something(self) -> bool:
        """Whether the user hears something even if there is no reply: from here, or from Lex.

        Lex asks for a slot by itself; to confirm, or to elicit an intent, it has to be given words.
        """
        return bool(self.messages) or self.action.type in ("Delegate", "ElicitSlot")


def checked(card: Card) -> Card:
    """Return a card whose parts Lex takes.

    Raises:
        AnswerError: a part is empty, too long or one too many; names it.
    """
    if not card.title:
        raise AnswerError("a card has a title")
    parts: list[tuple[str, str, int]] = [
        ("title", card.title, MAX_CARD_CHARACTERS),
        ("subtitle", card.subtitle, MAX_CARD_CHARACTERS),
        ("image_url", card.image_url, MAX_CARD_CHARACTERS),
    ]
    for button in card.buttons:
        if not button.text or not button.value:
            raise AnswerError("a button has a text and a value")
        parts.append(("button's text", button.text, MAX_BUTTON_CHARACTERS))
        parts.append(("button's value", button.value, MAX_BUTTON_CHARACTERS))
    for name, text, most in parts:
        if (length := _code_units(text)) > most:
            raise AnswerError(f"a card's {name} has at most {most} characters, not {length}")
    if len(card.buttons) > MAX_BUTTONS:
        raise AnswerError(f"a card has at most {MAX_BUTTONS} buttons, not {len(card.buttons)}")
    return card


def _code_units(text: str) -> int:
    # An emoji is two. https://docs.aws.amazon.com/lexv2/latest/dg/quotas.html
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
