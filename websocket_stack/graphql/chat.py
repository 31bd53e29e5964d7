"""Chat: which function answers an AppSync chat. A builder of one starts here."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from aws_lambda_powertools.event_handler import AppSyncResolver

from fulfillment.bot import Bot
from fulfillment.memory.base import Memory
from fulfillment.models.base import Model
from fulfillment.notices import Notices
from websocket_stack.graphql import frame_format
from websocket_stack.graphql.errors import Refusal
from websocket_stack.graphql.resolver import Resolver
from websocket_stack.graphql.wiring import parts_of
from websocket_stack.tasks.registry import AnyTaskHandler, Tasks
from websocket_stack.tasks.worker import Worker, resources_of

# By these a function knows that it answers a chat.
OF_A_CHAT = {"AWS_LAMBDA_FUNCTION_NAME", "TASK_TABLE", "GRAPHQL_URL"}


class Chat:
    """Answers the prompts of an AppSync chat::

        chat = Chat()

        @chat.answer
        def answer(message):
            yield from message.ask(system="You are a pirate.")

        lambda_handler = chat.lambda_handler

    Without a function of its own, the model answers.

    Args:
        bot: answers, as its fallback would answer Lex.
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
        self._tasks = Tasks(bot=bot, model=model, memory=memory, notices=notices)
        if os.environ.keys() >= OF_A_CHAT:
            # Made by being read, at import, where Lambda gives the most CPU.
            self._resolver  # noqa: B018

    def answer(self, handler: AnyTaskHandler) -> AnyTaskHandler:
        """Register the function that answers.

        Raises:
            RegistrationError: the function cannot be a handler, or a bot or another function
                answers.
        """
        return self._tasks.message(handler)

    def lambda_handler(self, event: dict[str, Any], context: Any) -> Any:
        """Resolve one field; the Lambda's entry point."""
        return app_of(self._resolver, context).resolve(event, context)

    @cached_property
    def _resolver(self) -> Resolver:
        return _resolver_of(self._tasks, os.environ)


def app_of(resolver: Resolver, context: Any) -> AppSyncResolver:
    """Return what resolves the fields of the schema in one call.

    Args:
        resolver: answers them.
        context: the Lambda context.
    """
    # Powertools has no types for its constructor.
    app = AppSyncResolver()  # type: ignore[no-untyped-call]

    def identity() -> Mapping[str, Any] | None:
        assert app.current_event is not None
        found: Mapping[str, Any] | None = app.current_event.get("identity")
        return found

    # Arguments come under the names that the schema gives them.

    def is_waited_for() -> bool:
        assert app.current_event is not None
        # As appsync_js/ask_at_once.js has it.
        return not (app.current_event.get("stash") or {}).get("atOnce")

    @app.resolver(type_name="Mutation", field_name="ask")
    def ask(chatId: str, prompt: str) -> None:
        try:
            resolver.ask(chatId, prompt, identity(), context)
        except Refusal:
            # Otherwise an error would be the function's, and an alarm.
            if is_waited_for():
                raise

    @app.resolver(type_name="Mutation", field_name="stop")
    def stop(chatId: str) -> bool:
        return resolver.stop(chatId, identity())

    @app.resolver(type_name="Query", field_name="chatState")
    def chat_state(chatId: str) -> dict[str, Any] | None:
        state = resolver.state(chatId, identity())
        if state is None:
            return None
        return state._asdict() | {"usage": json.dumps(state.usage) if state.usage else None}

    @app.resolver(type_name="Subscription", field_name="chat")
    def subscribe(chatId: str) -> None:
        resolver.admit(chatId, identity())

    return app


def _resolver_of(tasks: Tasks, environ: Mapping[str, str]) -> Resolver:
    parts = parts_of(environ)
    worker = Worker(
        tasks,
        resources_of(tasks, environ),
        parts.runs,
        parts.owners,
        parts.channel,
        frame_format=frame_format,
        keeps_progress=True,
    )
    return Resolver(
        parts.runs,
        parts.owners,
        parts.chat_owners,
        worker,
        parts.channel,
        parts.settings.prompt_characters,
    )
