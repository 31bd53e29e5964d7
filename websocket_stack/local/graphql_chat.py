"""The GraphQL chat in one process: what ``templates/graphql-chat.yaml`` would wire together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fulfillment.bot import Bot
from websocket_stack.graphql.schema import schema
from websocket_stack.local.appsync.resolvers import at_once, direct, echo
from websocket_stack.local.appsync.routes import PATH
from websocket_stack.local.appsync.service import GraphQlApi
from websocket_stack.local.aws_lambda.service import Deployed, LambdaFunctions
from websocket_stack.local.dynamodb import DynamoDb
from websocket_stack.local.functions.function import Function, Invocable, handler_of
from websocket_stack.local.functions.reloading import BotFunction
from websocket_stack.local.journal.watching import Observer

TABLE = "lex-streaming-chats"
# The function's name.
CHAT = "chat"
# As long as one of AppSync's, and like one.
API_KEY = "da2-local0000000000000000000"
# What the template gives a reply that is waited for, and one that is not.
WAITED_SECONDS = 29
REPLY_SECONDS = 300


def graphql_chat(
    origin: str,
    environment: Mapping[str, str],
    database: DynamoDb,
    observer: Observer,
    *,
    bot: str | None = None,
) -> GraphQlApi:
    """Return the API; ``ASK_RETURNS`` of the environment is the template's parameter AskReturns.

    Args:
        origin: the address at which the functions find every service.
        environment: the environment of this stack's Lambda functions.
        database: where the table is.
        observer: watches the function.
        bot: a builder's bot that answers, as ``module:attribute``.

    Raises:
        BotNotLoaded: the bot cannot be loaded.
    """
    database.ensure_table(TABLE, key="id")
    environment = {**environment, "GRAPHQL_URL": f"{origin}{PATH}", "TASK_TABLE": TABLE}
    waits = environment.get("ASK_RETURNS") != "at-once"
    seconds = WAITED_SECONDS if waits else REPLY_SECONDS
    chat = observer.watched(CHAT, _chat(environment, bot, seconds))
    resolve = direct(chat)
    ask = resolve
    if not waits:
        failures = Function(
            "chat-failures", "websocket_stack.graphql.failures.lambda_handler", environment
        )
        ask = at_once(LambdaFunctions({CHAT: Deployed(chat, seconds, failures)}), CHAT)
    return GraphQlApi(
        schema(),
        {
            "Mutation.ask": ask,
            "Mutation.stop": resolve,
            "Mutation.send": echo,
            "Query.chatState": resolve,
        },
    )


def _chat(environment: Mapping[str, str], bot: str | None, seconds: float) -> Invocable:
    if bot is None:
        handler = "websocket_stack.graphql.default_chat.lambda_handler"
        return Function(CHAT, handler, environment, seconds)
    return BotFunction(bot, environment, CHAT, seconds, adapt=_answers_chats)


def _answers_chats(bot: Any) -> Callable[[Any, Any], Any]:
    """Return the handler of a bot's or of a Chat; another handler knows Lex only."""
    from websocket_stack.graphql.chat import Chat

    if isinstance(bot, Chat):
        return handler_of(bot)
    return handler_of(Chat(bot=bot if isinstance(bot, Bot) else None))
