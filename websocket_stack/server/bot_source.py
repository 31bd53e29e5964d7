"""Answers with a builder's bot, or with any model of the library, on one thread per reply."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence

from fulfillment.assistant import Assistant
from fulfillment.bot import Bot
from fulfillment.clients import Resources
from fulfillment.memory.conversation import Conversation
from fulfillment.models.base import Completion
from fulfillment.models.tool_loop import ToolLoop
from fulfillment.streaming.stream import Chunks
from websocket_stack.server.source import Question
from websocket_stack.server.thread_chunks import chunks_of_thread


class BotSource:
    """Answers each question with a bot's fallback.

    Args:
        bot: what answers.
        resources: what it runs on, but for a model of its own.
        gather_seconds: how long chunks are gathered before they are handed to the event loop.
    """

    def __init__(self, bot: Bot, resources: Resources, gather_seconds: float) -> None:
        self._bot = bot
        self._resources = bot.runs_on(resources)
        self._gather_seconds = gather_seconds

    def answer(self, question: Question) -> BotAnswer:
        return BotAnswer(self._bot, self._resources, question, self._gather_seconds)


class BotAnswer:
    """See :class:`websocket_stack.server.source.Answer`."""

    def __init__(
        self, bot: Bot, resources: Resources, question: Question, gather_seconds: float
    ) -> None:
        self._bot = bot
        self._question = question
        self._gather_seconds = gather_seconds
        until = time.monotonic() + question.seconds
        settings = resources.settings
        self._calls = ToolLoop(lambda: until - time.monotonic(), resources.stand_in)
        self._assistant = Assistant(
            resources.model,
            settings,
            self._calls,
            Conversation.from_client(
                question.earlier, turns=settings.memory_turns, tokens=settings.memory_tokens
            ),
            shares_id=resources.shares_id,
        )

    @property
    def completions(self) -> Sequence[Completion]:
        return self._calls.completions

    @property
    def last_text(self) -> str:
        return self._calls.last_text

    def chunks(self) -> AsyncGenerator[str, None]:
        return chunks_of_thread(self._write, self._calls.close, self._gather_seconds)

    def _write(self) -> Chunks:
        question = self._question
        return self._bot.chunks(question.utterance, self._assistant, session_id=question.session)
