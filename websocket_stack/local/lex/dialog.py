"""What Lex does in a dialog by itself: it takes what is said as an answer to what was asked, and
decides what comes next where the Lambda leaves that to it. Pure.

https://docs.aws.amazon.com/lexv2/latest/dg/paths-nextstep.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from websocket_stack.local.lex import code_hooks as hook_events
from websocket_stack.local.lex.code_hooks import FALLBACK_INTENT
from websocket_stack.local.lex.responses import HookResult
from websocket_stack.local.lex.utterances import Understanding, confirmation_of

CLOSE = {"type": "Close"}


class Dialog(NamedTuple):
    """The dialogs of a bot; takes what it understands."""

    understanding: Understanding

    def answered(
        self, text: str, intent: Mapping[str, Any] | None, action: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the intent that an utterance belongs to, with what it says for it.

        Takes the session's intent and dialog action, which is what the user was asked.
        """
        understood = self.understanding.understand(text)
        # Another intent's utterance is no value of a slot: Lex switches intents by default.
        goes_on = intent and (understood is None or understood.intent == intent["name"])
        if intent and goes_on and action.get("type") == "ElicitSlot":
            said = understood.slots if understood else {action["slotToElicit"]: text}
            slots = {slot: hook_events.slot_of(value) for slot, value in said.items() if value}
            whole = self._completed(intent)
            return whole | {"slots": whole["slots"] | slots}
        confirmation = confirmation_of(text)
        if intent and confirmation and action.get("type") == "ConfirmIntent":
            return self._completed(intent) | {"confirmationState": confirmation}
        if understood is None:
            # At once, as with a prompt that is not repeated.
            # https://docs.aws.amazon.com/lexv2/latest/dg/built-in-intent-fallback.html
            return hook_events.intent_of(FALLBACK_INTENT)
        return hook_events.intent_of(understood.intent, understood.slots)

    def decided(self, result: HookResult) -> HookResult:
        """Return a Lambda's result with its intent whole, and Lex's next step if it has none."""
        if result.session_state.get("intent") is None:
            return result
        intent = self._completed(result.session_state["intent"])
        action = result.session_state["dialogAction"]
        if result.action == "Delegate":
            action = self._next_action(intent)
            if action == CLOSE:
                intent = intent | {"state": "Failed"}
        state = {**result.session_state, "intent": intent, "dialogAction": action}
        return result._replace(action=action["type"], session_state=state)

    def prompt(
        self, intent: Mapping[str, Any] | None, action: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Return what Lex itself says where nobody else says anything."""
        if intent is None or action.get("type") != "ElicitSlot":
            return []
        question = self.understanding.prompts_of(intent["name"]).get(action["slotToElicit"])
        return [{"contentType": "PlainText", "content": question}] if question else []

    def _completed(self, intent: Mapping[str, Any]) -> dict[str, Any]:
        return hook_events.completed(intent, self.understanding.slots_of(intent["name"]))

    def _next_action(self, intent: Mapping[str, Any]) -> dict[str, str]:
        """Return what is next by default: end what was denied, elicit a slot, or fulfil."""
        if intent["confirmationState"] == "Denied":
            return CLOSE
        for slot in self.understanding.prompts_of(intent["name"]):
            if intent["slots"].get(slot) is None:
                return {"type": "ElicitSlot", "slotToElicit": slot}
        return {"type": "Delegate"}
