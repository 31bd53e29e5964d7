"""The whole stack as one ASGI application: what CloudFormation would wire together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import anyio.to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Lifespan

from websocket_stack.lex_bot.description import Locale
from websocket_stack.local import dynamodb, sqs
from websocket_stack.local.api_gateway import routes as api_gateway_routes
from websocket_stack.local.api_gateway.authorization import Auth, Authorization, signature_check
from websocket_stack.local.api_gateway.events import Api
from websocket_stack.local.api_gateway.service import WebSocketApi
from websocket_stack.local.aws_json import (
    REGION,
    ServiceError,
    ServicesByTarget,
    error_response,
    json_response,
)
from websocket_stack.local.aws_lambda import routes as aws_lambda_routes
from websocket_stack.local.callers import CallerCheck, is_loopback
from websocket_stack.local.chat_page import routes as chat_page_routes
from websocket_stack.local.cognito import routes as cognito_routes
from websocket_stack.local.cognito.service import CognitoIdentity
from websocket_stack.local.cors import Cors
from websocket_stack.local.dynamodb import DynamoDb
from websocket_stack.local.functions.function import Function
from websocket_stack.local.graphql_chat import API_KEY, graphql_chat
from websocket_stack.local.journal import routes as journal_routes
from websocket_stack.local.journal.journal import Journal
from websocket_stack.local.journal.model_calls import ModelCalls
from websocket_stack.local.journal.watching import Observer
from websocket_stack.local.lex import routes as lex_routes
from websocket_stack.local.lex.service import LAMBDA_TIMEOUT_SECONDS, LexRuntime
from websocket_stack.local.services import Services
from websocket_stack.local.socket_tasks import STAGE as TASKS_STAGE
from websocket_stack.local.socket_tasks import TABLE as TASK_TABLE
from websocket_stack.local.socket_tasks import WORKER_SECONDS, SocketTasks, socket_tasks
from websocket_stack.local.sqs import Sqs
from websocket_stack.local.stopping import AnswerWhenStopped

STAGE = "Prod"
API_ID = "local00000"
SESSION_TABLE = "lex-streaming-sessions"
CONVERSATION_TABLE = "lex-streaming-conversations"
# The credentials of the Lambda functions here; they are worth nothing elsewhere.
ACCESS_KEY_ID = "local"
SECRET_ACCESS_KEY = "local"
OVERDUE_CHECK_SECONDS = 5
# Replies written at the same time; each model call holds one thread of the server's.
MODEL_THREADS = 1_000


def build(  # noqa: PLR0913
    origin: str,
    model_routes: Sequence[BaseRoute],
    *,
    model_name: str,
    fulfillment: str = "fulfillment.handler.lambda_handler",
    bot: str | None = None,
    tasks: str | None = None,
    locales: Mapping[str, Locale] | None = None,
    environ: Mapping[str, str] = os.environ,
    auth: Auth = "none",
    further_routes: Sequence[BaseRoute] = (),
    lex_timeout_seconds: float = LAMBDA_TIMEOUT_SECONDS,
    worker_seconds: float = WORKER_SECONDS,
    hosts: Sequence[str] = (),
    observer: Observer | None = None,
    reloaded: Callable[[], None] = lambda: None,
) -> Starlette:
    """Build the stack.

    Args:
        origin: the address that it will be reached at.
        model_routes: Bedrock's routes.
        model_name: the name of the model behind them, for ``/health``.
        fulfillment: the handler of the fulfillment Lambda, as ``module.attribute``.
        bot: a builder's bot in the handler's place, as ``module:attribute``.
        tasks: a builder's Tasks, as ``module:attribute``.
        locales: what Lex understands, by locale; it may change.
        environ: the environment whose settings the Lambda functions get.
        auth: "iam" if browsers and Lambda functions must sign.
        further_routes: routes that come after the stack's own.
        lex_timeout_seconds: how long Lex waits for the fulfillment Lambda.
        worker_seconds: how long the worker of a socket task may run.
        hosts: what it may be called by, besides the loopback names and addresses. Unless there are
            none, the page shows no events and replies: they may be other people's.
        observer: watches the functions that answer.
        reloaded: is called whenever the bot was loaded again.

    Raises:
        BotNotLoaded: the bot or the tasks cannot be loaded.
    """
    observer = observer or Observer(Journal())
    environment = lambda_environment(origin, environ, auth)
    services = Services(origin, environment, DynamoDb(), Sqs(), observer)
    cognito = CognitoIdentity()
    keys = {ACCESS_KEY_ID: SECRET_ACCESS_KEY}
    authorization = Authorization(signature_check(cognito, keys), auth)
    api = _websocket_api(origin, environment)
    door = socket_tasks(services, auth=auth, bot=bot, tasks=tasks, worker_seconds=worker_seconds)
    lex = LexRuntime(
        services.answering_function("fulfillment", fulfillment, bot, reloaded=reloaded),
        locales=locales,
        lambda_timeout_seconds=lex_timeout_seconds,
        report=observer.report,
    )
    is_local = all(map(is_loopback, hosts))
    about = {
        "model": model_name,
        "auth": auth,
        "sessionTable": SESSION_TABLE,
        "graphqlApiKey": API_KEY,
        "bot": bot,
        "showsTurns": is_local,
    }
    routes = [
        Route("/health", _health(origin, model_name, auth)),
        *api_gateway_routes.routes(api, STAGE, authorization),
        *api_gateway_routes.routes(door.api, TASKS_STAGE, authorization),
        *api_gateway_routes.other_stages(),
        *aws_lambda_routes.routes(door.functions),
        *graphql_chat(services, signature_check(cognito, keys, service="appsync"), bot=bot),
        *lex_routes.routes(lex),
        *model_routes,
        Route("/", _services_by_target(services, cognito), methods=["POST"]),
        *journal_routes.routes(observer.journal if is_local else None),
        *chat_page_routes.routes(about, locales or {}),
        *further_routes,
    ]
    return Starlette(
        routes=routes,
        middleware=_middleware(hosts, observer.journal),
        exception_handlers={ServiceError: error_response},
        lifespan=_lifespan(api, door),
    )


def _middleware(hosts: Sequence[str], journal: Journal) -> list[Middleware]:
    return [
        Middleware(CallerCheck, hosts=hosts),
        # The services that pages call; Bedrock and DynamoDB are for the Lambda functions.
        Middleware(Cors, exact=frozenset({"/", "/graphql"}), prefixes=("/bots/",)),
        # Starlette's own is outside Cors: a browser could not read the status of an error.
        Middleware(ServerErrorMiddleware),
        Middleware(AnswerWhenStopped),
        Middleware(ModelCalls, journal=journal),
    ]


def lambda_environment(
    origin: str, environ: Mapping[str, str], auth: Auth = "none"
) -> dict[str, str]:
    """Return the environment of the Lambda functions.

    Args:
        origin: the address at which boto3 finds every service.
        environ: the caller's environment; of it they get the settings, but no credentials,
            profiles and regions.
        auth: "iam" if browsers must sign.
    """
    settings = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    no_proxy = ",".join(filter(None, [settings.get("NO_PROXY"), "127.0.0.1", "localhost", "::1"]))
    return settings | {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL_DYNAMODB": origin,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": origin,
        "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME": origin,
        "STREAMING_ENDPOINT": f"{origin}/{STAGE}",
        "SESSION_TABLE": SESSION_TABLE,
        "CONVERSATION_TABLE": CONVERSATION_TABLE,
        "ALLOW_ANONYMOUS": "true" if auth == "none" else "false",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }


def _websocket_api(origin: str, environment: Mapping[str, str]) -> WebSocketApi:
    registration = Function(
        "registration", "websocket_stack.registration.lambda_handler", environment
    )
    return WebSocketApi(
        Api(API_ID, STAGE, origin.partition("://")[2]),
        # As in templates/streaming-support.yaml: a ping, or any other message, costs no Lambda.
        {"$connect": registration, "$disconnect": registration, "ping": None, "$default": None},
    )


def _services_by_target(services: Services, cognito: CognitoIdentity) -> ServicesByTarget:
    services.database.ensure_table(SESSION_TABLE, key="sessionId")
    services.database.ensure_table(CONVERSATION_TABLE, key="conversationId")
    applications = {
        dynamodb.TARGET: services.database.asgi,
        sqs.TARGET: services.queues.asgi,
        cognito_routes.TARGET: cognito_routes.application(cognito),
    }
    return ServicesByTarget(applications, private=frozenset({dynamodb.TARGET, sqs.TARGET}))


def _health(origin: str, model_name: str, auth: Auth) -> Callable[[Request], Response]:
    state = {
        "status": "ok",
        "model": model_name,
        "auth": auth,
        "sessionTable": SESSION_TABLE,
        "streamingEndpoint": f"{origin}/{STAGE}",
        "taskTable": TASK_TABLE,
        "tasksEndpoint": f"{origin}/{TASKS_STAGE}",
    }

    def health(request: Request) -> Response:
        return json_response(state)

    return health


def _lifespan(api: WebSocketApi, door: SocketTasks) -> Lifespan[Starlette]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = MODEL_THREADS
        running = [asyncio.create_task(_close_overdue(each)) for each in (api, door.api)]
        running += [asyncio.create_task(mapping.poll()) for mapping in door.mappings]
        yield
        for task in running:
            task.cancel()

    return lifespan


async def _close_overdue(api: WebSocketApi) -> None:
    while True:
        await asyncio.sleep(OVERDUE_CHECK_SECONDS)
        await api.close_overdue()
