"""Bot: which function answers which intent. A bot builder starts here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from typing import TypeAlias, TypeVar

from fulfillment import lex, runner
from fulfillment.lex import LexEvent, LexResponse
from fulfillment.resources import Resources
from fulfillment.turn import Turn
from fulfillment.words import Words

Answerer: TypeAlias = Callable[[Turn], str | Iterable[str] | None]
"""A function that answers: it returns text, or yields it in chunks."""

AnyAnswerer = TypeVar("AnyAnswerer", bound=Answerer)


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

    Takes what it runs on (by default, what the environment describes) and the sentences that a
    user reads when something fails.
    """

    def __init__(self, resources: Resources | None = None, words: Words | None = None) -> None:
        self._answerers: dict[str, Answerer] = {}
        self._fallback: Answerer = Turn.ask
        self._words = words or Words()
        if resources is not None:
            self.resources = resources
        else:
            self._prepare()

    @cached_property
    def resources(self) -> Resources:
        """What the bot runs on; made once.

        Raises:
            SettingsError: an environment variable has a wrong value.
        """
        return Resources.from_environ(os.environ)

    def intent(self, name: str) -> Callable[[AnyAnswerer], AnyAnswerer]:
        """Register the function that answers an intent, once its slots are filled."""

        def register(answerer: AnyAnswerer) -> AnyAnswerer:
            self._answerers[name] = answerer
            return answerer

        return register

    def fallback(self, answerer: AnyAnswerer) -> AnyAnswerer:
        """Register the function that answers whatever no other function does."""
        self._fallback = answerer
        return answerer

    def lambda_handler(self, event: object, context: object) -> LexResponse:
        """Answer one Lex V2 event; always returns a response that Lex takes."""
        try:
            return self._respond(LexEvent.from_dict(event), context)
        # The last resort: whatever went wrong, the user gets a sentence and the log the cause.
        except Exception as exc:
            _log_failure("turn failed", exc)
            return lex.apology(event, self._words.failed)

    def _prepare(self) -> None:
        # At import, where Lambda gives the most CPU. What is wrong with the settings must not take
        # the function down, which Lex would show as an exception: each turn then says so.
        try:
            self.resources  # noqa: B018
        except Exception as exc:
            _log_failure("the settings cannot be used", exc)

    def _respond(self, event: LexEvent, context: object) -> LexResponse:
        if not event.is_answered_now:
            return lex.delegate(event)
        answerer = self._answerers.get(event.intent.name, self._fallback)
        return runner.run(event, answerer, context, self.resources, self._words)


def _log_failure(what: str, error: Exception) -> None:
    # Nothing may come after the last resort. Powertools is loaded by the first turn, while its
    # model thinks; see runner.
    with suppress(Exception):
        from fulfillment.telemetry import log_failure

        log_failure(what, error)
