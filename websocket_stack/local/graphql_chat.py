"""The GraphQL chat in one process: what ``templates/graphql-chat.yaml`` would wire together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.routing import BaseRoute

from fulfillment.bot import Bot
from fulfillment.errors import SettingsError
from websocket_stack.graphql.schema import DIRECTIVES, schema
from websocket_stack.local.api_gateway.signatures import SignatureCheck
from websocket_stack.local.appsync.authorization import FUNCTIONS_ARN, Callers
from websocket_stack.local.appsync.resolvers import at_once, direct, echo
from websocket_stack.local.appsync.routes import PATH, routes
from websocket_stack.local.appsync.service import FieldError, GraphQlApi, Mode
from websocket_stack.local.aws_lambda.service import Deployed, LambdaFunctions
from websocket_stack.local.functions.function import Function, handler_of
from websocket_stack.local.services import Services
from websocket_stack.tasks.settings import TaskSettings
from websocket_stack.tasks.sign_in import TokenVerifier

TABLE = "lex-streaming-chats"
# The function's name.
CHAT = "chat"
# As long as one of AppSync's, and like one.
API_KEY = "da2-local0000000000000000000"
SIGN_INS: Mapping[str, Mode] = {
    "API_KEY": "api_key",
    "AMAZON_COGNITO_USER_POOLS": "cognito",
    "OPENID_CONNECT": "oidc",
    "AWS_IAM": "iam",
}
# What the template gives a reply that is waited for, and one that is not.
WAITED_SECONDS = 29
REPLY_SECONDS = 300


def graphql_chat(
    services: Services, signatures: SignatureCheck, *, bot: str | None = None
) -> list[BaseRoute]:
    """Return the routes of the API.

    ``ASK_RETURNS`` and ``GRAPHQL_SIGN_IN`` of the environment are the template's parameters
    AskReturns and SignIn. Tokens are those of ``JWT_ISSUER``.

    Args:
        services: what the API and its functions run on.
        signatures: checks the signatures of those who sign.
        bot: a builder's bot that answers, as ``module:attribute``.

    Raises:
        BotNotLoaded: the bot cannot be loaded.
    """
    services.database.ensure_table(TABLE, key="id")
    services = services.with_variables(
        {"GRAPHQL_URL": f"{services.origin}{PATH}", "TASK_TABLE": TABLE}
    )
    environment = services.environment
    waits = environment.get("ASK_RETURNS") != "at-once"
    seconds = WAITED_SECONDS if waits else REPLY_SECONDS
    chat = services.answering_function(
        CHAT,
        "websocket_stack.graphql.default_chat.lambda_handler",
        bot,
        seconds=seconds,
        adapt=_answers_chats,
    )
    resolve = direct(chat)
    ask = resolve
    if not waits:
        failures = Function(
            "chat-failures", "websocket_stack.graphql.failures.lambda_handler", environment
        )
        ask = at_once(LambdaFunctions({CHAT: Deployed(chat, seconds, failures)}), CHAT)
    sign_in = environment.get("GRAPHQL_SIGN_IN") or "API_KEY"
    if sign_in not in SIGN_INS:
        raise SettingsError(f"GRAPHQL_SIGN_IN={sign_in!r}: takes {', '.join(SIGN_INS)}")
    mode = SIGN_INS[sign_in]
    api = GraphQlApi(
        schema(DIRECTIVES[sign_in]),
        {
            "Mutation.ask": ask,
            "Mutation.stop": resolve,
            "Mutation.send": send,
            "Query.chatState": resolve,
            "Subscription.chat": resolve,
        },
        mode,
    )
    verifier = _verifier(environment) if mode in ("oidc", "cognito") else None
    return routes(api, Callers(mode, api_key=API_KEY, signatures=signatures, verifier=verifier))


async def send(context: Mapping[str, Any]) -> Any:
    """Tell subscribers a piece; where clients sign as well, it is for the function alone."""
    if context["identity"] != {"userArn": FUNCTIONS_ARN}:
        raise FieldError("Unauthorized", "Not Authorized to access send on type Mutation")
    return await echo(context)


def _verifier(environment: Mapping[str, str]) -> TokenVerifier:
    missing = [name for name in ("JWT_ISSUER", "JWT_AUDIENCE") if not environment.get(name)]
    if missing:
        raise SettingsError(f"{missing[0]} is not set")
    settings = TaskSettings(
        TABLE,
        "",
        "",
        "jwt",
        issuer=environment["JWT_ISSUER"],
        audience=environment["JWT_AUDIENCE"],
        keys_url=environment.get("JWT_KEYS_URL", ""),
    )
    return TokenVerifier.of(settings)


def _answers_chats(bot: Any) -> Callable[[Any, Any], Any]:
    """Return the handler of a bot's or of a Chat; another handler knows Lex only."""
    from websocket_stack.graphql.chat import Chat

    if isinstance(bot, Chat):
        return handler_of(bot)
    return handler_of(Chat(bot=bot if isinstance(bot, Bot) else None))
