"""The result of a turn in a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fulfillment.lex.events import SlotValue, slot_value
from fulfillment.models.base import Prompt, ToolResult
from fulfillment.testing.events import CLIENT_ATTRIBUTES


class Result(NamedTuple):
    """The result of a turn.

    Attributes:
        response: what Lex gets.
        chunks: what the bot wrote, piece by piece, as its handlers yielded it.
        frames: what a browser was sent meanwhile. Here, each chunk leaves by itself before the next
            one is asked for, as two frames (all but its last character, and that character), so
            that frames are the same in every run. On AWS, chunks that come fast leave together, and
            the last text comes with the reply only.
        prompts: what the model was asked, one for each call.
        error: what the bot's code raised and nothing handled.
    """

    response: Mapping[str, Any]
    chunks: tuple[str, ...]
    frames: tuple[str, ...]
    prompts: tuple[Prompt, ...]
    error: BaseException | None = None

    @property
    def messages(self) -> list[str]:
        """The texts that Lex gets, one for each message; cards are left out."""
        return [message["content"] for message in self._messages if "content" in message]

    @property
    def reply(self) -> str:
        """All messages as one text, with blank lines between them."""
        return "\n\n".join(self.messages)

    @property
    def cards(self) -> list[Mapping[str, Any]]:
        """The response cards, as Lex gets them."""
        return [each["imageResponseCard"] for each in self._messages if "content" not in each]

    @property
    def action(self) -> str:
        """What Lex does next: ``Close``, ``ElicitSlot`` …"""
        return str(self.response["sessionState"]["dialogAction"]["type"])

    @property
    def slot_to_elicit(self) -> str | None:
        """The slot that the user is asked for, if the action is to ask for one."""
        slot: str | None = self.response["sessionState"]["dialogAction"].get("slotToElicit")
        return slot

    @property
    def slots(self) -> dict[str, SlotValue]:
        """The slots as Lex gets them back, by name; none if the intent was left."""
        slots: Mapping[str, Any] = self._intent.get("slots", {})
        return {name: slot_value(slot) for name, slot in slots.items()}

    @property
    def intent_state(self) -> str | None:
        """``Fulfilled``, ``Failed``, ``InProgress``, or ``None`` if the intent was left."""
        state: str | None = self._intent.get("state")
        return state

    @property
    def session_attributes(self) -> dict[str, str]:
        """What Lex keeps for the session, for the next ``run`` of the same conversation; without
        those by which a client says that it shows frames.
        """
        attributes: Mapping[str, str] = self.response["sessionState"]["sessionAttributes"]
        return {name: text for name, text in attributes.items() if name not in CLIENT_ATTRIBUTES}

    @property
    def tool_results(self) -> list[ToolResult]:
        """What the model was told of the tools that it called, in order."""
        return [result for prompt in self.prompts for result in prompt.messages[-1].tool_results]

    @property
    def _intent(self) -> Mapping[str, Any]:
        intent: Mapping[str, Any] = self.response["sessionState"].get("intent", {})
        return intent

    @property
    def _messages(self) -> Sequence[Mapping[str, Any]]:
        messages: Sequence[Mapping[str, Any]] = self.response.get("messages", ())
        return messages
