"""Bot: which function answers which intent. A bot builder starts here."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from fulfillment import runner
from fulfillment.clients import Resources
from fulfillment.handlers import Handler, Middleware, NextHandler, chunks_of, wrapped
from fulfillment.lex.events import LexEvent
from fulfillment.logs import log_failure
from fulfillment.memory import Memory
from fulfillment.notices import Notices
from fulfillment.streaming.stream import Chunks
from fulfillment.turn import Turn

if TYPE_CHECKING:
    from fulfillment.lex.responses import LexResponse

AnyHandler = TypeVar("AnyHandler", bound=Handler)
AnyMiddleware = TypeVar("AnyMiddleware", bound=Middleware)


class Bot:
    """Answers Lex V2 turns with functions that yield text, and streams it to the browser.

        bot = Bot()

        @bot.intent("TrackOrder")
        def track(turn):
            yield "Looking up your order…\\n"
            yield orders.find(turn.slots["OrderId"]).status

        lambda_handler = bot.lambda_handler

    An intent without a function of its own is answered by the fallback: the model, unless
    ``@bot.fallback`` says otherwise.

    Takes what it runs on (by default, what the environment describes), the sentences that a user
    reads when something fails (one set, or one for each locale or language), and where it keeps
    conversations (by default, the table that the environment names).
    """

    def __init__(
        self,
        resources: Resources | None = None,
        notices: Notices | Mapping[str, Notices] | None = None,
        *,
        memory: Memory | None = None,
    ) -> None:
        self._intent_handlers: dict[str, Handler] = {}
        self._dialog_handlers: dict[str, Handler] = {}
        self._fallback: Handler = Turn.ask
        self._middleware: list[Middleware] = []
        self._notices = notices or Notices()
        self._memory = memory
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
        return Resources.from_environ(os.environ)

    def intent(self, *names: str) -> Callable[[AnyHandler], AnyHandler]:
        """Register the function that fulfils these intents, once their slots are filled."""
        return _registering(self._intent_handlers, names)

    def dialog(self, *names: str) -> Callable[[AnyHandler], AnyHandler]:
        """Register the function that checks the dialog of these intents, at each of its turns.

        It may elicit a slot anew, confirm, or close; if it decides nothing, Lex goes on, and what
        it wrote is shown meanwhile and not said. FallbackIntent has no dialog: see ``fallback``.
        """
        return _registering(self._dialog_handlers, names)

    def fallback(self, handler: AnyHandler) -> AnyHandler:
        """Register the function that answers whatever no other function does."""
        self._fallback = handler
        return handler

    def middleware(self, around: AnyMiddleware) -> AnyMiddleware:
        """Register a function around all others; the first registered is the outermost.

        @bot.middleware
        def members_only(turn, answer):
            if "member" in turn.session_attributes:
                yield from answer(turn)
            else:
                yield "Please sign in first."
        """
        self._middleware.append(around)
        return around

    def lambda_handler(self, event: object, context: object) -> LexResponse:
        """Answer one Lex V2 event; always returns a response that Lex takes."""
        locale = ""
        try:
            parsed = LexEvent.from_dict(event)
            locale = parsed.locale
            return self._respond(parsed, context)
        # The last resort: whatever went wrong, the user gets a sentence and the log the cause.
        except Exception as exc:
            log_failure("turn failed", exc)
            from fulfillment.lex.responses import apology

            return apology(event, self._notices_of(locale).failed)

    def _prepare(self) -> None:
        # At import, where Lambda gives the most CPU. What is wrong with the settings must not take
        # the function down, which Lex would show as an exception: each turn then says so.
        try:
            self.resources  # noqa: B018
        except Exception as exc:
            log_failure("the settings cannot be used", exc)

    def _respond(self, event: LexEvent, context: object) -> LexResponse:
        handler = self._handler_of(event)
        if handler is None:
            from fulfillment.lex.responses import delegate

            return delegate(event)
        resources = self.resources
        if self._memory is not None:
            resources = resources._replace(memory=self._memory)
        notices = self._notices_of(event.locale)
        return runner.run(event, self._in_middleware(handler), context, resources, notices)

    def _handler_of(self, event: LexEvent) -> Handler | None:
        name = event.intent.name
        if event.is_dialog and name in self._dialog_handlers:
            return self._dialog_handlers[name]
        return self._intent_handlers.get(name, self._fallback) if event.is_answered_now else None

    def _in_middleware(self, handler: Handler) -> NextHandler:
        def innermost(turn: Turn) -> Chunks:
            return chunks_of(handler(turn))

        outermost: NextHandler = innermost
        for middleware in reversed(self._middleware):
            outermost = wrapped(outermost, middleware)
        return outermost

    def _notices_of(self, locale: str) -> Notices:
        if isinstance(self._notices, Notices):
            return self._notices
        language = locale.partition("_")[0]
        return self._notices.get(locale) or self._notices.get(language) or Notices()


def _registering(
    functions: dict[str, Handler], names: tuple[str, ...]
) -> Callable[[AnyHandler], AnyHandler]:
    if not names or not all(isinstance(name, str) for name in names):
        raise TypeError('a function is registered by its intents: @bot.intent("TrackOrder")')

    def register(handler: AnyHandler) -> AnyHandler:
        functions.update(dict.fromkeys(names, handler))
        return handler

    return register
