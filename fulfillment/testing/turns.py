"""Runs one turn of a bot in a test, as Lambda would."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Unpack

from fulfillment.bot import Bot
from fulfillment.clients import Browser, Resources
from fulfillment.errors import ModelError
from fulfillment.lex.events import FALLBACK_INTENT, LexEvent
from fulfillment.memory.base import Exchange, Memory
from fulfillment.models.base import Model, ModelStream, Prompt
from fulfillment.settings import Settings
from fulfillment.telemetry import TurnReport
from fulfillment.testing.browser import WatchingBrowser
from fulfillment.testing.events import EventOptions, event
from fulfillment.testing.results import Result
from fulfillment.testing.scripted_model import Script, ScriptedModel


class Context:
    """The Lambda context of a turn.

    Args:
        remaining_ms: how many milliseconds the Lambda has left.
    """

    aws_request_id = "test-request"

    def __init__(self, remaining_ms: int = 30_000) -> None:
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        """Return how many milliseconds the Lambda has left."""
        return self._remaining_ms


def run(  # noqa: PLR0913
    bot: Bot,
    utterance: str,
    *,
    model: Model | Script | None = None,
    memory: Memory | None = None,
    settings: Settings | None = None,
    remaining_ms: int = 30_000,
    raise_errors: bool = True,
    **of_event: Unpack[EventOptions],
) -> Result:
    """Run one turn of a bot as Lambda would, with a browser watching.

    What the bot's own code raises is raised here, with its traceback. There are two exceptions:
    what a tool raises is told to the model (see :attr:`Result.tool_results`), and a
    :class:`ModelError` comes from a script that asked for it.

    Args:
        bot: the bot to test; it keeps a memory of its own.
        utterance: what the user typed or said.
        model: the model, or a script for it. It answers wherever a model is asked, including
            knowledge bases and agents.
        memory: where the conversation is remembered.
        settings: the environment.
        remaining_ms: how many milliseconds the Lambda has left.
        raise_errors: whether to raise; otherwise the turn ends as a user would see it.
        of_event: what :func:`fulfillment.testing.event` takes.

    Raises:
        AssertionError: the model was asked more often than the script says.
    """
    settings = settings or Settings()
    lex_event = LexEvent.from_dict(event(utterance, **of_event))
    stand_in = _StandIn(model)
    browser = WatchingBrowser(settings, shows_frames=lex_event.wants_frames)
    resources = Resources(
        settings._replace(flush_interval_seconds=0.0),
        stand_in,
        browser=lambda: Browser(browser, browser),
        memory=memory,
        stand_in=stand_in,
    )
    reports: list[TurnReport] = []
    response = bot.answer(
        lex_event,
        Context(remaining_ms),
        resources,
        watch=browser.watch,
        record=reports.append,
    )
    browser.close()
    error = reports[0].text.error if reports else None
    if raise_errors and error is not None and not isinstance(error, ModelError):
        raise _explained(error, bot, lex_event.intent.name)
    return Result(
        # As Lambda hands it to Lex.
        json.loads(json.dumps(response)),
        tuple(browser.chunks),
        tuple(browser.frames),
        tuple(stand_in.prompts),
        error,
    )


def memory() -> Memory:
    """Return a memory that lives as long as the test."""
    return _Conversations()


class _Conversations:
    def __init__(self) -> None:
        self._exchanges: dict[str, Sequence[Exchange]] = {}

    def load(self, conversation_id: str) -> Sequence[Exchange]:
        return self._exchanges.get(conversation_id, ())

    def save(self, conversation_id: str, exchanges: Sequence[Exchange]) -> None:
        self._exchanges[conversation_id] = exchanges


class _StandIn:
    """Answers as a model or a script does, and keeps what it was asked in one turn."""

    def __init__(self, model: Model | Script | None) -> None:
        if model is None:
            model = ScriptedModel()
        self._model = ScriptedModel(model) if isinstance(model, Sequence) else model
        self.prompts: list[Prompt] = []

    def ask(self, prompt: Prompt) -> ModelStream:
        self.prompts.append(prompt)
        return self._model.ask(prompt)


def _explained(error: BaseException, bot: Bot, intent: str) -> BaseException:
    """Add to an error what a misspelt intent would look like."""
    if intent != FALLBACK_INTENT and intent not in bot.intents:
        error.add_note(
            f"The bot has no handler for the intent {intent!r}, so its fallback answered."
            f" It has handlers for: {', '.join(sorted(bot.intents)) or 'none'}."
        )
    return error
