"""Bot: which function answers which intent. A bot builder starts here."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TypeVar

from fulfillment import runner
from fulfillment.clients import Resources
from fulfillment.handlers import Answerer, Chunks, Middleware, Next, chunks_of, through
from fulfillment.lex import events as lex
from fulfillment.lex.events import LexEvent, LexResponse
from fulfillment.logs import log_failure
from fulfillment.memory import Memory
from fulfillment.notices import Words
from fulfillment.turn import Turn

AnyAnswerer = TypeVar("AnyAnswerer", bound=Answerer)
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
        words: Words | Mapping[str, Words] | None = None,
        *,
        memory: Memory | None = None,
    ) -> None:
        self._answerers: dict[str, Answerer] = {}
        self._checkers: dict[str, Answerer] = {}
        self._fallback: Answerer = Turn.ask
        self._middleware: list[Middleware] = []
        self._words = words or Words()
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

    def intent(self, *names: str) -> Callable[[AnyAnswerer], AnyAnswerer]:
        """Register the function that fulfils these intents, once their slots are filled."""
        return _registering(self._answerers, names)

    def dialog(self, *names: str) -> Callable[[AnyAnswerer], AnyAnswerer]:
        """Register the function that checks the dialog of these intents, at each of its turns.

        It may elicit a slot anew, confirm, or close; if it decides nothing, Lex goes on, and what
        it wrote is shown meanwhile and not said. FallbackIntent has no dialog: see ``fallback``.
        """
        return _registering(self._checkers, names)

    def fallback(self, answerer: AnyAnswerer) -> AnyAnswerer:
        """Register the function that answers whatever no other function does."""
        self._fallback = answerer
        return answerer

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
            return lex.apology(event, self._words_of(locale).failed)

    def _prepare(self) -> None:
        # At import, where Lambda gives the most CPU. What is wrong with the settings must not take
        # the function down, which Lex would show as an exception: each turn then says so.
        try:
            self.resources  # noqa: B018
        except Exception as exc:
            log_failure("the settings cannot be used", exc)

    def _respond(self, event: LexEvent, context: object) -> LexResponse:
        answerer = self._answerer_of(event)
        if answerer is None:
            return lex.delegate(event)
        resources = self.resources
        if self._memory is not None:
            resources = resources._replace(memory=self._memory)
        words = self._words_of(event.locale)
        return runner.run(event, self._wrapped(answerer), context, resources, words)

    def _answerer_of(self, event: LexEvent) -> Answerer | None:
        name = event.intent.name
        if event.is_dialog and name in self._checkers:
            return self._checkers[name]
        return self._answerers.get(name, self._fallback) if event.is_answered_now else None

    def _wrapped(self, answerer: Answerer) -> Next:
        def innermost(turn: Turn) -> Chunks:
            return chunks_of(answerer(turn))

        answer: Next = innermost
        for around in reversed(self._middleware):
            answer = through(around, answer)
        return answer

    def _words_of(self, locale: str) -> Words:
        if isinstance(self._words, Words):
            return self._words
        language = locale.partition("_")[0]
        return self._words.get(locale) or self._words.get(language) or Words()


def _registering(
    functions: dict[str, Answerer], names: tuple[str, ...]
) -> Callable[[AnyAnswerer], AnyAnswerer]:
    if not names or not all(isinstance(name, str) for name in names):
        raise TypeError('a function is registered by its intents: @bot.intent("TrackOrder")')

    def register(answerer: AnyAnswerer) -> AnyAnswerer:
        functions.update(dict.fromkeys(names, answerer))
        return answerer

    return register
