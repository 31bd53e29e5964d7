"""What a turn asks Lex to do next, and what it shows with the reply. Pure.

https://docs.aws.amazon.com/lexv2/latest/dg/lambda-response-format.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from fulfillment.errors import HandlerError
from fulfillment.lex.limits import MAX_ADDED_MESSAGES
from fulfillment.lex.messages import Card, Text

if TYPE_CHECKING:
    from fulfillment.lex.events import LexEvent
    from fulfillment.lex.session_state import Json
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
        """The state of the intent after this action."""
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
        """About how many bytes that takes in a response."""
        return len(json.dumps(self.messages, ensure_ascii=False).encode("utf-8", "surrogatepass"))

    @property
    def says_something(self) -> bool:
        """Whether the user gets a message even without a reply: from here, or from Lex.

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


class Dialog:
    """What a handler decides about the end of its turn while it runs; the last decision counts.

    Its attributes are values: what is read from them does not change afterwards.

    Args:
        event: what is answered.
        max_bytes: how large messages and cards may be together, in bytes of the response.

    Attributes:
        decision: how the turn is to end, as far as that was said.
        slots: the slots as Lex gets them back.
    """

    def __init__(self, event: LexEvent, max_bytes: int) -> None:
        self.decision = Decision(Action("Close" if event.is_answered_now else "Delegate"))
        self.slots: Mapping[str, Json] = event.intent.slots
        self._is_dialog = event.is_dialog
        self._max_bytes = max_bytes

    def act(self, action: Action, prompt: str = "") -> None:
        """Decide what Lex does next, and what it asks.

        Raises:
            HandlerError: Lex does not accept it, or it is too long together with everything added.
        """
        if action.type == "Delegate" and not self._is_dialog:
            raise HandlerError("only a dialog handler can delegate")
        self._decide(self.decision._replace(action=action, prompt=Text(prompt).checked().content))

    def fill(self, slot: str, value: Json) -> None:
        """Fill a slot, or empty it with ``None``.

        Raises:
            HandlerError: the slot's name is empty or not text.
        """
        if not isinstance(slot, str) or not slot.strip():
            raise HandlerError(f"set_slot takes the name of a slot, not {slot!r}")
        self.slots = {**self.slots, slot: value}

    def add(self, message: Text | Card) -> None:
        """Add a message or a card.

        Raises:
            HandlerError: Lex does not accept it, or it is too long, or one too many.
        """
        message = message.checked()
        if isinstance(message, Card):
            self._decide(self.decision._replace(cards=(*self.decision.cards, message)))
        else:
            self._decide(self.decision._replace(texts=(*self.decision.texts, message)))

    def _decide(self, decision: Decision) -> None:
        if len(decision.texts) + len(decision.cards) > MAX_ADDED_MESSAGES:
            raise HandlerError(f"a turn adds at most {MAX_ADDED_MESSAGES} messages and cards")
        if decision.size > self._max_bytes:
            raise HandlerError(f"a turn adds at most {self._max_bytes} bytes of messages and cards")
        self.decision = decision
