"""Lex Runtime V2: sessions, and RecognizeText with its Lambda code hooks. Knows no HTTP.

https://docs.aws.amazon.com/lexv2/latest/APIReference/API_Operations_Amazon_Lex_Runtime_V2.html
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.functions.function import FunctionError, Invocable
from websocket_stack.local.lex import code_hooks as hook_events
from websocket_stack.local.lex.code_hooks import FALLBACK_INTENT, SessionKey
from websocket_stack.local.lex.dialog import CLOSE, Dialog
from websocket_stack.local.lex.responses import HookResult, check, dependency_failed
from websocket_stack.local.lex.utterances import Understanding

# "if … the Lambda function doesn't return within 30 seconds"
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_RecognizeText.html
LAMBDA_TIMEOUT_SECONDS = 30
MAX_TEXT_CHARACTERS = 1024
SESSION_ID = re.compile(r"[0-9a-zA-Z._:-]{2,100}")
# The default of idleSessionTTLInSeconds.
SESSION_SECONDS = 300
# In the order that Lex calls them, with the state that the intent is in then.
HOOK_STATES = {"DialogCodeHook": "InProgress", "FulfillmentCodeHook": "ReadyForFulfillment"}


@dataclass
class LexSession:
    """What Lex remembers between two requests of a session."""

    attributes: dict[str, str] = field(default_factory=dict)
    active_contexts: list[Any] = field(default_factory=list)
    intent: dict[str, Any] | None = None
    dialog_action: dict[str, Any] | None = None
    interpretations: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    used_at: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def state(self) -> dict[str, Any]:
        """Return it as a ``SessionState``."""
        state: dict[str, Any] = {
            "activeContexts": self.active_contexts,
            "sessionAttributes": self.attributes,
        }
        if self.dialog_action is not None:
            state["dialogAction"] = self.dialog_action
        if self.intent is not None:
            state["intent"] = self.intent
        return state

    def merge(self, state: Mapping[str, Any]) -> None:
        """Take over what a client or a Lambda says; what it leaves out stays as it was."""
        if state.get("sessionAttributes") is not None:
            self.attributes = dict(state["sessionAttributes"])
        if state.get("activeContexts") is not None:
            self.active_contexts = list(state["activeContexts"])
        if state.get("dialogAction") is not None:
            self.dialog_action = dict(state["dialogAction"])
            # There is none yet; Lex Web UI's client.js knows a state without one by that.
            if self.dialog_action["type"] == "ElicitIntent":
                self.intent = None
        if state.get("intent") is not None:
            self.intent = dict(state["intent"])


class LexRuntime:
    """One bot, answered by a Lambda function.

    Takes the function, the code hooks that are on for its FallbackIntent (for other intents both
    are), what else it understands, and the clock in seconds.
    """

    def __init__(
        self,
        function: Invocable,
        hooks: Sequence[str] = ("FulfillmentCodeHook",),
        understanding: Understanding | None = None,
        clock: Callable[[], float] = time.monotonic,
        lambda_timeout_seconds: float = LAMBDA_TIMEOUT_SECONDS,
    ) -> None:
        self._function = function
        self._hooks = hooks
        self._dialog = Dialog(understanding or Understanding())
        self._clock = clock
        self._lambda_timeout_seconds = lambda_timeout_seconds
        self._sessions: dict[SessionKey, LexSession] = {}

    async def recognize_text(self, key: SessionKey, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one utterance.

        Raises:
            ServiceError: the request is invalid (400) or the Lambda failed (424).
        """
        text = request.get("text")
        if not isinstance(text, str) or not 1 <= len(text) <= MAX_TEXT_CHARACTERS:
            raise invalid(f"text must have 1 to {MAX_TEXT_CHARACTERS} characters")
        request_attributes = _checked(request, "requestAttributes")
        state = _checked_state(request)
        session = self._session(key)
        # Requests of one session wait for each other.
        async with session.turn:
            session.merge(state)
            result = await self._answer(key, session, text, request_attributes)
            session.used_at = self._clock()
            return {
                "messages": session.messages,
                "sessionState": session.state() | {"originatingRequestId": str(uuid.uuid4())},
                "interpretations": session.interpretations,
                "requestAttributes": dict(result.request_attributes),
                "sessionId": key.session_id,
            }

    def put_session(self, key: SessionKey, request: Mapping[str, Any]) -> LexSession:
        """Create or change a session and return it."""
        if not isinstance(request.get("sessionState"), dict):
            raise invalid("sessionState is missing")
        messages = request.get("messages") or []
        if not isinstance(messages, list):
            raise invalid("messages is not a list")
        state = _checked_state(request)
        session = self._session(key)
        session.merge(state)
        session.messages = messages or self._prompt(session)
        session.used_at = self._clock()
        return session

    def get_session(self, key: SessionKey) -> dict[str, Any]:
        """Return a session; raises ServiceError 404."""
        session = self._existing(key)
        return {
            "sessionId": key.session_id,
            "messages": session.messages,
            "interpretations": session.interpretations,
            "sessionState": session.state(),
        }

    def delete_session(self, key: SessionKey) -> dict[str, str]:
        """Forget a session; raises ServiceError 404."""
        self._existing(key)
        del self._sessions[key]
        return {
            "botId": key.bot_id,
            "botAliasId": key.alias_id,
            "localeId": key.locale_id,
            "sessionId": key.session_id,
        }

    def _existing(self, key: SessionKey) -> LexSession:
        session = self._sessions.get(key)
        if session is None or self._is_over(session):
            raise ServiceError(404, "ResourceNotFoundException", "There is no such session")
        return session

    def _session(self, key: SessionKey) -> LexSession:
        if not SESSION_ID.fullmatch(key.session_id):
            raise invalid("sessionId does not match [0-9a-zA-Z._:-]{2,100}")
        session = self._sessions.get(key)
        if session is None or self._is_over(session):
            session = self._sessions[key] = LexSession(used_at=self._clock())
        return session

    def _is_over(self, session: LexSession) -> bool:
        return not session.turn.locked() and self._clock() - session.used_at > SESSION_SECONDS

    async def _answer(
        self,
        key: SessionKey,
        session: LexSession,
        text: str,
        request_attributes: Mapping[str, str],
    ) -> HookResult:
        intent = self._dialog.answered(text, session.intent, session.dialog_action or {})
        result = HookResult("Delegate", {}, [], request_attributes)
        for source in self._hooks_of(intent):
            intent = intent | {"state": HOOK_STATES[source]}
            event = hook_events.code_hook(
                key,
                source,
                text,
                intent,
                session.attributes,
                session.active_contexts,
                request_attributes,
            )
            # A Lambda that fails leaves the session as it was.
            result = self._dialog.decided(await self._call(event))
            session.merge(result.session_state)
            intent = session.intent or intent
            if result.action != "Delegate":
                break
        else:
            # No hook is left, so the client is to fulfil it.
            intent = intent | {"state": "ReadyForFulfillment"}
            session.merge({"dialogAction": CLOSE, "intent": intent})
        session.messages = result.messages or self._prompt(session)
        session.interpretations = hook_events.interpretations_of(intent, {"score": 1.0})
        return result

    def _prompt(self, session: LexSession) -> list[dict[str, Any]]:
        return self._dialog.prompt(session.intent, session.dialog_action or {})

    def _hooks_of(self, intent: Mapping[str, Any]) -> Sequence[str]:
        return self._hooks if intent["name"] == FALLBACK_INTENT else tuple(HOOK_STATES)

    async def _call(self, event: Mapping[str, Any]) -> HookResult:
        try:
            response = await asyncio.wait_for(
                self._function.invoke(event), self._lambda_timeout_seconds
            )
        except TimeoutError:
            # The function is not stopped: it goes on, and may still post, as in Lambda.
            raise dependency_failed(
                "The Lambda function did not return within the permissible time of "
                f"{self._lambda_timeout_seconds:g} seconds"
            ) from None
        except FunctionError as exc:
            raise dependency_failed(
                "Invalid Lambda Response: Received error response from Lambda: Unhandled"
            ) from exc
        return check(response, event["invocationSource"])


def _checked_state(request: Mapping[str, Any]) -> dict[str, Any]:
    state = request.get("sessionState") or {}
    if not isinstance(state, dict):
        raise invalid("sessionState is not an object")
    for name, kind in (("activeContexts", list), ("intent", dict), ("dialogAction", dict)):
        if not isinstance(state.get(name), kind | None):
            raise invalid(f"sessionState.{name} does not have the form that it takes")
    _checked(state, "sessionAttributes")
    for name, member in (("intent", "name"), ("dialogAction", "type")):
        if state.get(name) is not None and not isinstance(state[name].get(member), str):
            raise invalid(f"sessionState.{name}.{member} is missing")
    action = state.get("dialogAction") or {}
    if action.get("type") == "ElicitSlot" and not isinstance(action.get("slotToElicit"), str):
        raise invalid("sessionState.dialogAction.slotToElicit is missing")
    return state


def _checked(holder: Mapping[str, Any], name: str) -> dict[str, str]:
    values = holder.get(name) or {}
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise invalid(f"{name} is not a map of strings")
    return values


def invalid(message: str) -> ServiceError:
    return ServiceError(400, "ValidationException", message)
