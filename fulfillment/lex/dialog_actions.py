"""What a turn asks Lex to do next, and what it shows with the reply. Pure.

https://docs.aws.amazon.com/lexv2/latest/dg/lambda-response-format.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from fulfillment.lex.messages import Card, Text

if TYPE_CHECKING:
    from fulfillment.reply import Reply

ActionType: TypeAlias = Literal["Close", "ConfirmIntent", "Delegate", "ElicitIntent", "ElicitSlot"]


class Action(NamedTuple):
    """What Lex does next.

    Attributes:
        type: Lex's name for it.
        slot: the slot to elicit.
        failed: whether a ``Close`` ends the intent as failed.
    """

    type: ActionType = "Close"
    slot: str = ""
    failed: bool = False

    @property
    def intent_state(self) -> str:
        """The state that the intent is in with it."""
        if self.type != "Close":
            return "InProgress"
        return "Failed" if self.failed else "Fulfilled"


class Decision(NamedTuple):
    """How a handler wants its turn to end, apart from the reply.

    Attributes:
        action: what Lex does next.
        prompt: the question of an elicitation.
        texts: further messages.
        cards: response cards.
    """

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

        Lex asks for a slot by itself; to confirm, or to elicit an intent, it needs a prompt.
        """
        return bool(self.messages) or self.action.type in ("Delegate", "ElicitSlot")

    def after(self, reply: Reply) -> Decision:
        """Return what is left of it when the turn has ended with this reply."""
        if reply.handler_finished:
            return self
        if reply.handler_raised:
            return Decision(Action("Close", failed=self.action.failed))
        return Decision()
