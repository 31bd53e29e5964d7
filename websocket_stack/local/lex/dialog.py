"""Lex's own part in a dialog. Pure.

It reads an utterance as the answer to its question, and decides what comes next where the Lambda
leaves that to it.

https://docs.aws.amazon.com/lexv2/latest/dg/paths-nextstep.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from websocket_stack.local.lex.code_hooks import HookResponse
from websocket_stack.local.lex.intents import (
    FALLBACK_INTENT,
    complete_intent,
    new_intent,
    new_slot,
)
from websocket_stack.local.lex.utterances import Understanding, confirmation_of

CLOSE = {"type": "Close"}


class Dialog:
    """The dialogs of a bot.

    Args:
        understanding: the intents that the bot has, and how users express them.
    """

    def __init__(self, understanding: Understanding) -> None:
        self._understanding = understanding

    def interpret(
        self, text: str, intent: Mapping[str, Any] | None, action: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the intent that an utterance belongs to, with the slots that it fills.

        Args:
            text: the utterance.
            intent: the session's intent, if it has one.
            action: the session's dialog action: what the user was asked.
        """
        found = self._understanding.understand(text)
        # Another intent's utterance is no value of a slot: Lex switches intents by default.
        continues = intent and (found is None or found.intent == intent["name"])
        if intent and continues and action.get("type") == "ElicitSlot":
            values = found.slots if found else {action["slotToElicit"]: text}
            slots = {slot: new_slot(value) for slot, value in values.items() if value}
            complete = self._complete(intent)
            return complete | {"slots": complete["slots"] | slots}
        confirmation = confirmation_of(text)
        if intent and confirmation and action.get("type") == "ConfirmIntent":
            return self._complete(intent) | {"confirmationState": confirmation}
        if found is None:
            # At once, as with a prompt that is not repeated.
            # https://docs.aws.amazon.com/lexv2/latest/dg/built-in-intent-fallback.html
            return new_intent(FALLBACK_INTENT)
        return new_intent(found.intent, found.slots)

    def decide(self, response: HookResponse) -> HookResponse:
        """Return a Lambda's response with its intent complete.

        A response that delegates gets Lex's own next step.
        """
        if response.session_state.get("intent") is None:
            return response
        intent = self._complete(response.session_state["intent"])
        action = response.session_state["dialogAction"]
        if response.action == "Delegate":
            action = self._next_action(intent)
            if action == CLOSE:
                intent = intent | {"state": "Failed"}
        state = {**response.session_state, "intent": intent, "dialogAction": action}
        return response._replace(action=action["type"], session_state=state)

    def prompt(
        self, intent: Mapping[str, Any] | None, action: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Return Lex's own messages for an action that no other messages come with."""
        if intent is None or action.get("type") != "ElicitSlot":
            return []
        question = self._understanding.prompts_of(intent["name"]).get(action["slotToElicit"])
        return [{"contentType": "PlainText", "content": question}] if question else []

    def _complete(self, intent: Mapping[str, Any]) -> dict[str, Any]:
        return complete_intent(intent, self._understanding.slots_of(intent["name"]))

    def _next_action(self, intent: Mapping[str, Any]) -> dict[str, str]:
        """Return the default next step: end what was denied, elicit a slot, or fulfil."""
        if intent["confirmationState"] == "Denied":
            return CLOSE
        for slot in self._understanding.prompts_of(intent["name"]):
            if intent["slots"].get(slot) is None:
                return {"type": "ElicitSlot", "slotToElicit": slot}
        return {"type": "Delegate"}
