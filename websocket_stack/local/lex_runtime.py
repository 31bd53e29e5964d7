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
from typing import Any, NamedTuple

from websocket_stack.local.aws import ServiceError
from websocket_stack.local.functions import Function, FunctionError
from websocket_stack.local.lex_responses import HookResult, check, dependency_failed

# "if … the Lambda function doesn't return within 30 seconds"
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_RecognizeText.html
LAMBDA_TIMEOUT_SECONDS = 30
MAX_TEXT_CHARACTERS = 1024
SESSION_ID = re.compile(r"[0-9a-zA-Z._:-]{2,100}")
# The default of idleSessionTTLInSeconds.
SESSION_SECONDS = 300
TEST_ALIAS_ID = "TSTALIASID"


class SessionKey(NamedTuple):
    """What names a session: it belongs to one alias and locale of one bot."""

    bot_id: str
    alias_id: str
    locale_id: str
    session_id: str


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
        if state.get("intent") is not None:
            self.intent = dict(state["intent"])
        if state.get("dialogAction") is not None:
            self.dialog_action = dict(state["dialogAction"])


class LexRuntime:
    """One bot whose FallbackIntent is answered by a Lambda function.

    Takes the function, the code hooks that are on for the intent, and the clock in seconds.
    """

    def __init__(
        self,
        function: Function,
        hooks: Sequence[str] = ("FulfillmentCodeHook",),
        clock: Callable[[], float] = time.monotonic,
        lambda_timeout_seconds: float = LAMBDA_TIMEOUT_SECONDS,
    ) -> None:
        self._function = function
        self._hooks = hooks
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
            raise _validation(f"text must have 1 to {MAX_TEXT_CHARACTERS} characters")
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
            raise _validation("sessionState is missing")
        messages = request.get("messages") or []
        if not isinstance(messages, list):
            raise _validation("messages is not a list")
        state = _checked_state(request)
        session = self._session(key)
        session.merge(state)
        session.messages = messages
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
            raise _validation("sessionId does not match [0-9a-zA-Z._:-]{2,100}")
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
        result = HookResult("Close", session.state(), [], request_attributes)
        for source in self._hooks:
            event = _event(key, session, text, request_attributes, source)
            session.interpretations = event["interpretations"]
            result = await self._call(event)
            session.merge(result.session_state)
            if result.action != "Delegate":
                break
        session.messages = result.messages
        if session.intent is not None:
            session.interpretations = [session.interpretations[0] | {"intent": session.intent}]
        return result

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


def _event(
    key: SessionKey,
    session: LexSession,
    text: str,
    request_attributes: Mapping[str, str],
    source: str,
) -> dict[str, Any]:
    state = "ReadyForFulfillment" if source == "FulfillmentCodeHook" else "InProgress"
    intent = {"name": "FallbackIntent", "slots": {}, "state": state, "confirmationState": "None"}
    is_test_alias = key.alias_id == TEST_ALIAS_ID
    event: dict[str, Any] = {
        "messageVersion": "1.0",
        "invocationSource": source,
        "inputMode": "Text",
        "responseContentType": "text/plain; charset=utf-8",
        "sessionId": key.session_id,
        "inputTranscript": text,
        "bot": {
            "id": key.bot_id,
            "name": "LocalBot",
            "localeId": key.locale_id,
            "version": "DRAFT" if is_test_alias else "1",
            "aliasId": key.alias_id,
            "aliasName": "TestBotAlias" if is_test_alias else "Local",
        },
        # nluConfidence is absent on FallbackIntent.
        "interpretations": [{"intent": intent, "interpretationSource": "Lex"}],
        "sessionState": {
            "sessionAttributes": session.attributes,
            "activeContexts": session.active_contexts,
            "intent": intent,
            "originatingRequestId": str(uuid.uuid4()),
        },
        "transcriptions": [
            {
                "transcription": text,
                "transcriptionConfidence": 1.0,
                "resolvedContext": {"intent": "FallbackIntent"},
                "resolvedSlots": {},
            }
        ],
    }
    if request_attributes:
        event["requestAttributes"] = dict(request_attributes)
    return event


def _checked_state(request: Mapping[str, Any]) -> dict[str, Any]:
    state = request.get("sessionState") or {}
    if not isinstance(state, dict):
        raise _validation("sessionState is not an object")
    for name, kind in (("activeContexts", list), ("intent", dict), ("dialogAction", dict)):
        if not isinstance(state.get(name), kind | None):
            raise _validation(f"sessionState.{name} does not have the form that it takes")
    _checked(state, "sessionAttributes")
    return state


def _checked(holder: Mapping[str, Any], name: str) -> dict[str, str]:
    values = holder.get(name) or {}
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise _validation(f"{name} is not a map of strings")
    return values


def _validation(message: str) -> ServiceError:
    return ServiceError(400, "ValidationException", message)
