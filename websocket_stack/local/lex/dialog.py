"""Lex's own part in a dialog. Pure.

It reads an utterance as the answer to its question, and decides what comes next where the Lambda
leaves that to it.

https://docs.aws.amazon.com/lexv2/latest/dg/paths-nextstep.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from websocket_stack.lex_bot.description import SLOT
from websocket_stack.local.lex.code_hooks import HookResponse
from websocket_stack.local.lex.intents import (
    FALLBACK_INTENT,
    complete_intent,
    new_intent,
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
            slots = self._filled(intent["name"], values)
            complete = self._complete(intent)
            return complete | {"slots": complete["slots"] | slots}
        confirmation = confirmation_of(text)
        if intent and confirmation and action.get("type") == "ConfirmIntent":
            return self._complete(intent) | {"confirmationState": confirmation}
        if found is None:
            return new_intent(FALLBACK_INTENT)
        begun = new_intent(found.intent, dict.fromkeys(found.slots))
        return begun | {"slots": begun["slots"] | self._filled(found.intent, found.slots)}

    def persist(
        self,
        read: dict[str, Any],
        intent: Mapping[str, Any] | None,
        action: Mapping[str, Any],
        misses: int,
    ) -> tuple[dict[str, Any], int]:
        """Ask again where an utterance did not answer, until the prompt has no retries left.

        https://docs.aws.amazon.com/lexv2/latest/dg/built-in-intent-fallback.html

        Args:
            read: the intent that the utterance was read as.
            intent: the session's intent, if it has one.
            action: the session's dialog action: what the user was asked.
            misses: how many utterances before this one did not answer.

        Returns:
            The intent to go on with, and how many utterances in a row have not answered.
        """
        known = self._understanding.intent(intent["name"]) if intent else None
        if intent is None or known is None:
            return read, 0
        slot = action.get("slotToElicit", "")
        match action.get("type"):
            case "ElicitSlot" if read["name"] == intent["name"] and not read["slots"].get(slot):
                again, retries = read, known.slots[slot].retries if slot in known.slots else 0
            case "ConfirmIntent" if read["name"] == FALLBACK_INTENT and known.confirmation:
                again, retries = self._complete(intent), known.confirmation.retries
            case _:
                return read, 0
        return (again, misses + 1) if misses < retries else (new_intent(FALLBACK_INTENT), 0)

    def hooks_of(self, intent: str) -> tuple[bool, bool]:
        """Return whether an intent calls the Lambda in its dialog, and to be fulfilled."""
        known = self._understanding.intent(intent)
        return (known.dialog_hook, known.fulfillment_hook) if known else (True, True)

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

    def unknown_slot(self, response: HookResponse) -> str | None:
        """Return what is wrong if a response elicits a slot that its intent does not have."""
        if response.action != "ElicitSlot":
            return None
        name = response.session_state["intent"]["name"]
        slot = response.session_state["dialogAction"]["slotToElicit"]
        known = self._understanding.intent(name)
        if known is None or slot in known.slots:
            return None
        return f"{name} has no slot {slot}, which was elicited"

    def prompt(
        self, intent: Mapping[str, Any] | None, action: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Return Lex's own messages for an action that no other messages come with."""
        known = self._understanding.intent(intent["name"]) if intent else None
        if intent is None or known is None:
            return []
        sentence: str | None = None
        match action.get("type"):
            case "ElicitSlot":
                slot = known.slots.get(action["slotToElicit"])
                sentence = slot.prompt if slot else None
            case "ConfirmIntent" if known.confirmation:
                sentence = known.confirmation.prompt
            case "Close" if known.confirmation and intent.get("confirmationState") == "Denied":
                sentence = known.confirmation.declined
        if not sentence:
            return []
        return [{"contentType": "PlainText", "content": _with_values(sentence, intent)}]

    def _filled(self, intent: str, texts: Mapping[str, str | None]) -> dict[str, Any]:
        """Return the slots that a user's words fill; what is no value leaves one as it is."""
        slots = {
            name: self._understanding.filled(intent, name, text)
            for name, text in texts.items()
            if text
        }
        return {name: slot for name, slot in slots.items() if slot is not None}

    def _complete(self, intent: Mapping[str, Any]) -> dict[str, Any]:
        known = self._understanding.intent(intent["name"])
        return complete_intent(intent, known.slots if known else ())

    def _next_action(self, intent: Mapping[str, Any]) -> dict[str, str]:
        """Return the default next step: end what was denied, elicit a slot, confirm, or fulfil."""
        if intent["confirmationState"] == "Denied":
            return CLOSE
        known = self._understanding.intent(intent["name"])
        for name, slot in known.slots.items() if known else ():
            if slot.required and intent["slots"].get(name) is None:
                return {"type": "ElicitSlot", "slotToElicit": name}
        if known and known.confirmation and intent["confirmationState"] == "None":
            return {"type": "ConfirmIntent"}
        return {"type": "Delegate"}


def _with_values(sentence: str, intent: Mapping[str, Any]) -> str:
    """Return a sentence with the values of the slots that it names.

    https://docs.aws.amazon.com/lexv2/latest/dg/how-it-works-slots.html
    """

    def value(match: re.Match[str]) -> str:
        slot = (intent.get("slots") or {}).get(match[1])
        return str(slot["value"]["interpretedValue"]) if slot else match[0]

    return SLOT.sub(value, sentence)
