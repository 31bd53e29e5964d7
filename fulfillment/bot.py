"""Bot: which handler answers which intent. A bot builder starts here."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from functools import cached_property
from typing import TYPE_CHECKING

from fulfillment import runner
from fulfillment.assistant import Assistant
from fulfillment.clients import Resources
from fulfillment.errors import RegistrationError
from fulfillment.handlers import (
    AnyHandler,
    AnyMiddleware,
    Handler,
    Middleware,
    NextHandler,
    check_handler,
    chunks_of,
    name_of,
    rescued,
    wrapped,
)
from fulfillment.lex.dialog_actions import Dialog
from fulfillment.lex.events import FALLBACK_INTENT, LexEvent
from fulfillment.logs import get_logger, log_failure
from fulfillment.memory.base import Memory
from fulfillment.models.base import Model
from fulfillment.notices import Notices
from fulfillment.router import Router
from fulfillment.streaming.stream import Chunks
from fulfillment.turn import Turn

if TYPE_CHECKING:
    from fulfillment.lex.responses import LexResponse
    from fulfillment.telemetry import TurnReport


class Bot(Router):
    """Answers Lex V2 turns with handlers that yield text, and streams it to the browser::

        bot = Bot()

        @bot.intent("TrackOrder")
        def track(turn):
            yield "Looking up your order…\\n"
            yield orders.find(turn.slot("OrderId")).status

        lambda_handler = bot.lambda_handler

    An intent without a handler is answered by the fallback: the model, unless ``@bot.fallback``
    says otherwise.

    Args:
        model: the model that answers, instead of the one that the environment names.
        memory: where conversations are kept, instead of the table that the environment names.
        notices: the sentences that a user reads when something fails: one set, or one for each
            locale or language.
        resources: what the bot runs on, instead of what the environment describes.

    Raises:
        TypeError: the notices are something else.
    """

    def __init__(
        self,
        *,
        model: Model | None = None,
        memory: Memory | None = None,
        notices: Notices | Mapping[str, Notices] | None = None,
        resources: Resources | None = None,
    ) -> None:
        super().__init__()
        self._fallback: Handler | None = None
        self._middleware: list[Middleware] = []
        self._model = model
        self._memory = memory
        self._notices = _by_locale(notices)
        self._unknown_intents: set[str] = set()
        if resources is not None:
            self.resources = resources
        elif "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
            self._prepare()

    @cached_property
    def resources(self) -> Resources:
        """What the bot runs on; made once, in Lambda when it starts and elsewhere when needed.

        Raises:
            SettingsError: an environment variable has a wrong value.
        """
        return Resources.from_environ(os.environ, model=self._model, memory=self._memory)

    @property
    def intents(self) -> frozenset[str]:
        """The intents that have a handler."""
        return frozenset(self._intents) | frozenset(self._dialogs)

    def fallback(self, handler: AnyHandler) -> AnyHandler:
        """Register the handler of every intent that has none.

        Raises:
            RegistrationError: the function cannot be a handler, or there is another fallback.
        """
        check_handler(handler, "turn")
        if self._fallback is not None:
            functions = f"{name_of(self._fallback)} and {name_of(handler)}"
            raise RegistrationError(f"two fallbacks: {functions}")
        self._fallback = handler
        return handler

    def middleware(self, function: AnyMiddleware) -> AnyMiddleware:
        """Register a function that wraps every handler; the first registered is the outermost::

            @bot.middleware
            def members_only(turn, handler):
                if "member" in turn.session_attributes:
                    yield from handler(turn)
                else:
                    yield "Please sign in first."

        Raises:
            RegistrationError: the function cannot be a middleware.
        """
        check_handler(function, "turn, handler")
        self._middleware.append(function)
        return function

    def include(self, router: Router) -> None:
        """Add the handlers that a router has now; later ones are not added.

        Raises:
            RegistrationError: the bot already has a handler for the same intent, dialog or error.
        """
        if isinstance(router, Bot) or not isinstance(router, Router):
            raise RegistrationError(f"a bot includes routers, not a {type(router).__name__}")
        self._intents.include(router._intents)
        self._dialogs.include(router._dialogs)
        self._errors.include(router._errors)

    def lambda_handler(self, event: object, context: object) -> LexResponse:
        """Answer one Lex V2 event; always returns a response that Lex accepts.

        Args:
            event: the event.
            context: the Lambda context.
        """
        locale = ""
        try:
            parsed = LexEvent.from_dict(event)
            locale = parsed.locale
            response = self.answer(parsed, context)
        # The last resort: whatever went wrong, the user gets a sentence and the log the cause.
        except Exception as exc:
            log_failure("turn failed", exc)
            from fulfillment.lex.responses import apology

            return apology(event, self.notices_of(locale).failed)
        self._report_unknown(parsed.intent.name)
        return response

    def answer(
        self,
        event: LexEvent,
        context: object,
        resources: Resources | None = None,
        *,
        watch: Middleware | None = None,
        record: Callable[[TurnReport], None] | None = None,
    ) -> LexResponse:
        """Answer one turn; :mod:`fulfillment.testing` does so on resources of its own.

        Args:
            event: one utterance.
            context: the Lambda context.
            resources: what the bot runs on, except for a model or a memory of its own.
            watch: wraps everything else, including middleware and error handlers.
            record: receives the report of the turn, instead of the log and the metrics.
        """
        handler = self.handler_of(event)
        if handler is None:
            from fulfillment.lex.responses import delegate

            return delegate(event)
        return runner.run(
            event,
            wrapped(handler, watch) if watch else handler,
            context,
            self.runs_on(resources),
            self.notices_of(event.locale),
            record,
        )

    def runs_on(self, resources: Resources | None = None) -> Resources:
        """Return what the bot runs on: its own model and memory, if it has them.

        Args:
            resources: everything else, instead of what the environment describes.
        """
        resources = resources or self.resources
        if self._model is not None:
            resources = resources._replace(model=self._model, shares_id=True)
        if self._memory is not None:
            resources = resources._replace(memory=self._memory)
        return resources

    def chunks(
        self, utterance: str, assistant: Assistant, *, session_id: str = "", locale: str = ""
    ) -> Chunks:
        """Answer an utterance outside Lex: its fallback does, since there are no intents.

        What it adds to its reply, and what it would have Lex ask, follows as text.

        Args:
            utterance: what the user wrote.
            assistant: asks models on the turn's behalf.
            session_id: a name for the client's session.
            locale: whose sentences are used, such as ``en_US``.

        Returns:
            The reply, as it is written.
        """
        event = LexEvent.from_dict(
            {
                "sessionId": session_id or "outside-lex",
                "inputTranscript": utterance,
                "bot": {"localeId": locale},
                "sessionState": {"intent": {"name": FALLBACK_INTENT}},
            }
        )
        handler = self.handler_of(event)
        assert handler is not None
        dialog = Dialog(event, assistant.settings.max_response_bytes)
        turn = Turn(event, dialog, assistant)
        has_text = False
        with closing(handler(turn)) as chunks:
            for chunk in chunks:
                has_text = has_text or bool(chunk.strip())
                yield chunk
        if additions := "\n\n".join(message.plain for message in dialog.decision.messages):
            yield f"\n\n{additions}" if has_text else additions

    def handler_of(self, event: LexEvent) -> NextHandler | None:
        """Return what answers an event, or ``None`` where Lex goes on by itself."""
        name = event.intent.name
        handler: Handler | None = None
        if event.is_dialog and name in self._dialogs:
            handler = self._dialogs[name]
        elif event.is_answered_now:
            handler = self._intents.get(name) or self._fallback or Turn.ask
        return handler and self._surrounded(handler)

    def notices_of(self, locale: str) -> Notices:
        """Return the notices for a locale, or for its language, or the default ones."""
        language = locale.partition("_")[0]
        notices = self._notices
        return notices.get(locale) or notices.get(language) or notices.get("") or Notices()

    def _prepare(self) -> None:
        # At import, where Lambda gives the most CPU. What is wrong with the settings must not take
        # the function down, which Lex would show as an exception: each turn then says so.
        try:
            self.resources  # noqa: B018
        except Exception as exc:
            log_failure("the settings cannot be used", exc)

    def _surrounded(self, handler: Handler) -> NextHandler:
        """Return a handler within the middleware, and within what answers its errors."""

        def innermost(turn: Turn) -> Chunks:
            return chunks_of(handler(turn), handler)

        outermost: NextHandler = innermost
        for middleware in reversed(self._middleware):
            outermost = wrapped(outermost, middleware)
        return rescued(outermost, self._errors) if self._errors else outermost

    def _report_unknown(self, intent: str) -> None:
        """Log once that a bot with intents does not know one: its name may be misspelt."""
        known = self.intents
        if not known or intent in known | self._unknown_intents | {FALLBACK_INTENT}:
            return
        self._unknown_intents.add(intent)
        # The reply is there already, and must not be lost over this.
        with suppress(Exception):
            get_logger().warning(
                "the bot has no handler for this intent",
                extra={"intent": intent, "known_intents": sorted(known)},
            )


def _by_locale(notices: Notices | Mapping[str, Notices] | None) -> Mapping[str, Notices]:
    if notices is None or isinstance(notices, Notices):
        return {"": notices or Notices()}
    if not isinstance(notices, Mapping):
        raise TypeError(f"notices are Notices(…), or a mapping, not a {type(notices).__name__}")
    for locale, each in notices.items():
        if not isinstance(each, Notices):
            raise TypeError(f"notices[{locale!r}] is a {type(each).__name__}, not Notices(…)")
    return notices
