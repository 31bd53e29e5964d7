"""Lex Runtime V2: sessions, and RecognizeText with its Lambda code hooks. Knows no HTTP.

https://docs.aws.amazon.com/lexv2/latest/APIReference/API_Operations_Amazon_Lex_Runtime_V2.html
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from websocket_stack.lex_bot.description import Locale
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.functions.function import FunctionError, Invocable
from websocket_stack.local.lex.code_hooks import (
    HookResponse,
    dependency_failed,
    hook_event,
    read_response,
)
from websocket_stack.local.lex.dialog import CLOSE, Dialog
from websocket_stack.local.lex.intents import interpretations
from websocket_stack.local.lex.requests import (
    TextRequest,
    invalid,
    session_request,
    text_request,
)
from websocket_stack.local.lex.sessions import LexSession, SessionKey
from websocket_stack.local.lex.utterances import Understanding

# "if … the Lambda function doesn't return within 30 seconds"
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_RecognizeText.html
LAMBDA_TIMEOUT_SECONDS = 30
SESSION_ID = re.compile(r"[0-9a-zA-Z._:-]{2,100}")
# The default of idleSessionTTLInSeconds.
SESSION_SECONDS = 300


class LexRuntime:
    """One bot, answered by a Lambda function.

    Args:
        function: the Lambda function.
        locales: what it understands, by locale; it may change. Sessions of any other have the
            first; a bot without any has only its FallbackIntent.
        clock: a clock in seconds.
        lambda_timeout_seconds: how long Lex waits for the function.
        report: is told what this takes and the Lex of AWS may refuse.
    """

    def __init__(
        self,
        function: Invocable,
        locales: Mapping[str, Locale] | None = None,
        clock: Callable[[], float] = time.monotonic,
        lambda_timeout_seconds: float = LAMBDA_TIMEOUT_SECONDS,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._function = function
        self._locales = {"en_US": Locale()} if locales is None else locales
        self._dialogs: dict[str, tuple[Locale, Dialog]] = {}
        self._clock = clock
        self._lambda_timeout_seconds = lambda_timeout_seconds
        self._report = report
        self._sessions: dict[SessionKey, LexSession] = {}

    async def recognize_text(self, key: SessionKey, body: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one utterance.

        Args:
            key: the session that it belongs to, which begins with it if there is none.
            body: the request.

        Returns:
            The members of the response.

        Raises:
            ServiceError: the request is invalid (400) or the Lambda failed (424).
        """
        request = text_request(body)
        session = self._begin_or_resume(key)
        # Requests of one session wait for each other.
        async with session.turn:
            session.age(self._clock() - session.used_at)
            session.merge(request.session_state)
            response = await self._answer(session, request)
            session.used_at = self._clock()
            return {
                "messages": session.messages,
                "sessionState": session.state() | {"originatingRequestId": str(uuid.uuid4())},
                "interpretations": session.interpretations,
                "requestAttributes": dict(response.request_attributes),
                "sessionId": key.session_id,
            }

    def put_session(self, key: SessionKey, body: Mapping[str, Any]) -> LexSession:
        """Create or change a session and return it.

        Raises:
            ServiceError: 400, the request is invalid.
        """
        request = session_request(body)
        session = self._begin_or_resume(key)
        session.merge(request.session_state)
        session.messages = request.messages or self._prompt(session)
        session.used_at = self._clock()
        return session

    def get_session(self, key: SessionKey) -> dict[str, Any]:
        """Return a session as the API describes it.

        Raises:
            ServiceError: 404, there is none.
        """
        session = self._existing(key)
        return {
            "sessionId": key.session_id,
            "messages": session.messages,
            "interpretations": session.interpretations,
            "sessionState": session.state(),
        }

    def delete_session(self, key: SessionKey) -> dict[str, str]:
        """Forget a session.

        Raises:
            ServiceError: 404, there is none.
        """
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

    def _begin_or_resume(self, key: SessionKey) -> LexSession:
        if not SESSION_ID.fullmatch(key.session_id):
            raise invalid("sessionId does not match [0-9a-zA-Z._:-]{2,100}")
        session = self._sessions.get(key)
        if session is None or self._is_over(session):
            session = self._sessions[key] = LexSession(key, used_at=self._clock())
        return session

    def _is_over(self, session: LexSession) -> bool:
        return not session.turn.locked() and self._clock() - session.used_at > SESSION_SECONDS

    async def _answer(self, session: LexSession, request: TextRequest) -> HookResponse:
        dialog = self._dialog_of(session.key)
        action = session.dialog_action or {}
        read = dialog.interpret(request.text, session.intent, action)
        intent, misses = dialog.persist(read, session.intent, action, session.misses)
        calls_dialog, calls_fulfillment = dialog.hooks_of(intent["name"])
        delegated = HookResponse("Delegate", {}, [], request.request_attributes)

        intent = intent | {"state": "InProgress"}
        if calls_dialog:
            # A Lambda that fails leaves the session as it was.
            returned = await self._call(hook_event("DialogCodeHook", session, intent, request))
            response = dialog.decide(returned)
            session.merge(response.session_state)
            intent = session.intent or intent
        else:
            state = {"intent": intent, "dialogAction": {"type": "Delegate"}}
            response = dialog.decide(delegated._replace(session_state=state))
            if response.action != "Delegate":
                session.merge(response.session_state)
                intent = response.session_state["intent"]
        if response.action == "Delegate":
            intent = intent | {"state": "ReadyForFulfillment"}
            if calls_fulfillment:
                event = hook_event("FulfillmentCodeHook", session, intent, request)
                response = dialog.decide(await self._call(event))
                session.merge(response.session_state)
                intent = session.intent or intent
            else:
                # No hook is left, so the client is to fulfil it.
                session.merge({"dialogAction": CLOSE, "intent": intent})
        if unknown := dialog.unknown_slot(response):
            self._report(f"Warning: {unknown}; Lex may refuse the response")
        session.misses = misses
        session.messages = response.messages or self._prompt(session)
        session.interpretations = interpretations(intent, {"score": 1.0})
        return response

    def _dialog_of(self, key: SessionKey) -> Dialog:
        name = key.locale_id if key.locale_id in self._locales else next(iter(self._locales))
        locale = self._locales[name]
        described, dialog = self._dialogs.get(name, (None, None))
        if dialog is None or described is not locale:
            dialog = Dialog(Understanding(locale))
            self._dialogs[name] = locale, dialog
        return dialog

    def _prompt(self, session: LexSession) -> list[dict[str, Any]]:
        dialog = self._dialog_of(session.key)
        return dialog.prompt(session.intent, session.dialog_action or {})

    async def _call(self, event: Mapping[str, Any]) -> HookResponse:
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
        return read_response(response, event["invocationSource"])
