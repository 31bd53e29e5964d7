"""Tasks: which function answers which type of task. A builder of tasks starts here."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from fulfillment.bot import Bot
from fulfillment.errors import RegistrationError
from fulfillment.handlers import Result, check_handler, name_of
from fulfillment.memory.base import Memory
from fulfillment.models.base import Model
from fulfillment.notices import Notices
from websocket_stack.tasks.task import Task
from websocket_stack.tasks.worker import Worker

TaskHandler: TypeAlias = Callable[[Task], Result]
"""A function that answers a task: it returns text, or yields it in chunks."""
AnyTaskHandler = TypeVar("AnyTaskHandler", bound=TaskHandler)

# By these a function knows that it runs tasks.
OF_A_WORKER = {"AWS_LAMBDA_FUNCTION_NAME", "TASK_TABLE", "STREAMING_ENDPOINT"}
STREAMER = "llm-streamer"
RESPONDER = "llm-responder"
MESSAGE = "message"


class Tasks:
    """Answers tasks and messages with functions that yield text::

        tasks = Tasks()

        @tasks.task("summarise")
        def summarise(task):
            yield "Reading…\\n"
            yield from task.ask(f"Summarise: {task.data['text']}")

        lambda_handler = tasks.lambda_handler

    The types ``llm-streamer`` and ``llm-responder``, and messages, are answered by the model,
    unless a function says otherwise.

    Args:
        bot: answers messages, as its fallback would answer Lex.
        model: the model that answers, instead of the one that the environment names.
        memory: where conversations are kept, instead of the table that the environment names.
        notices: the sentences that a user reads when something fails.
    """

    def __init__(
        self,
        *,
        bot: Bot | None = None,
        model: Model | None = None,
        memory: Memory | None = None,
        notices: Notices | None = None,
    ) -> None:
        self.bot = bot
        self.model = model
        self.memory = memory
        self.notices = notices or Notices()
        self._handlers: dict[str, TaskHandler] = {}
        self._whole = {RESPONDER}
        if os.environ.keys() >= OF_A_WORKER:
            # Made by being read, at import, where Lambda gives the most CPU.
            self._worker  # noqa: B018

    def task(self, type: str, *, whole: bool = False) -> Callable[[AnyTaskHandler], AnyTaskHandler]:
        """Register the function for a type of task.

        Args:
            type: the type, as clients name it.
            whole: whether the text is sent in one piece at its end.

        Raises:
            RegistrationError: the function cannot be a handler, or this type already has one.
        """
        if not isinstance(type, str) or not type or type == MESSAGE:
            raise RegistrationError(f"a type of task is a text, such as 'summarise', not {type!r}")

        def register(handler: AnyTaskHandler) -> AnyTaskHandler:
            self._register(type, handler)
            if whole:
                self._whole.add(type)
            return handler

        return register

    def message(self, handler: AnyTaskHandler) -> AnyTaskHandler:
        """Register the function for messages of a chat.

        Raises:
            RegistrationError: the function cannot be a handler, or a bot or another function
                answers.
        """
        if self.bot is not None:
            raise RegistrationError(f"messages are answered by the bot, and by {name_of(handler)}")
        self._register(MESSAGE, handler)
        return handler

    def handler_of(self, type: str) -> TaskHandler | None:
        """Return the function for a type, or ``None`` if it is unknown."""
        default = Task.ask if type in (STREAMER, RESPONDER, MESSAGE) else None
        return self._handlers.get(type, default)

    def is_whole(self, type: str) -> bool:
        """Return whether the text of a type is sent in one piece at its end."""
        return type in self._whole

    def lambda_handler(self, event: Mapping[str, Any], context: object) -> None:
        """Run one task; the worker Lambda's entry point."""
        self._worker.work(event, context)

    @cached_property
    def _worker(self) -> Worker:
        return Worker.from_environ(self, os.environ)

    def _register(self, type: str, handler: TaskHandler) -> None:
        check_handler(handler, "task")
        if type in self._handlers:
            functions = f"{name_of(self._handlers[type])} and {name_of(handler)}"
            raise RegistrationError(f"two functions for {type!r}: {functions}")
        self._handlers[type] = handler
