"""The whole stack as one ASGI application: what CloudFormation would wire together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Lifespan, Receive, Scope, Send

from websocket_stack.local import gateway_http, lex_http, page
from websocket_stack.local.aws import REGION, ServiceError, error_response, json_response
from websocket_stack.local.dynamodb import TARGET_PREFIX, DynamoDb
from websocket_stack.local.events import Api
from websocket_stack.local.functions import Function
from websocket_stack.local.gateway import WebSocketApi
from websocket_stack.local.lex_runtime import LexRuntime
from websocket_stack.local.signatures import SignatureCheck

STAGE = "Prod"
API_ID = "local00000"
SESSION_TABLE = "lex-streaming-sessions"
# Of the Lambda functions here; they open nothing anywhere else.
ACCESS_KEY_ID = "local"
SECRET_ACCESS_KEY = "local"
Auth = Literal["none", "iam"]
OVERDUE_CHECK_SECONDS = 5
# Replies being written at once; each model call holds one thread of the server's.
MODEL_THREADS = 200


@dataclass(frozen=True)
class Stack:
    """The parts of a running stack."""

    app: Starlette
    api: WebSocketApi
    lex: LexRuntime


def build(
    origin: str,
    model_routes: Sequence[BaseRoute],
    *,
    model_name: str,
    fulfillment: str = "fulfillment.handler.lambda_handler",
    environ: Mapping[str, str] = os.environ,
    auth: Auth = "none",
) -> Stack:
    """Build the stack.

    Takes the address it will be reached at, the routes that answer for Bedrock, the name of the
    model behind them, the handler of the fulfillment Lambda, the environment whose settings the
    Lambda functions get, and whether calls of the management API must be signed ("iam"), as the
    Lambda functions sign them.
    """
    database = DynamoDb()
    database.ensure_session_table(SESSION_TABLE)
    environment = lambda_environment(origin, environ)
    registration = Function(
        "registration", "websocket_stack.registration.lambda_handler", environment
    )
    api = WebSocketApi(
        Api(API_ID, STAGE, origin.partition("://")[2]),
        # As in templates/streaming-support.yaml: ping and whatever else is said cost no Lambda.
        {"$connect": registration, "$disconnect": registration, "ping": None, "$default": None},
    )
    lex = LexRuntime(Function("fulfillment", fulfillment, environment))
    signatures = SignatureCheck({ACCESS_KEY_ID: SECRET_ACCESS_KEY}) if auth == "iam" else None
    health = {
        "status": "ok",
        "model": model_name,
        "sessionTable": SESSION_TABLE,
        "streamingEndpoint": f"{origin}/{STAGE}",
    }
    app = Starlette(
        routes=[
            Route("/health", _health(health)),
            *gateway_http.routes(api, STAGE, signatures),
            *lex_http.routes(lex),
            *model_routes,
            Route("/", _DynamoDbOr(database), methods=["POST"]),
            *page.routes(),
        ],
        exception_handlers={ServiceError: error_response},
        lifespan=_lifespan(api),
    )
    return Stack(app, api, lex)


def lambda_environment(origin: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the Lambda functions: boto3 finds every service at ``origin``.

    Settings of the caller go along; credentials, profiles and regions do not.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    no_proxy = ",".join(filter(None, [kept.get("NO_PROXY"), "127.0.0.1", "localhost", "::1"]))
    return kept | {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL_DYNAMODB": origin,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": origin,
        "STREAMING_ENDPOINT": f"{origin}/{STAGE}",
        "SESSION_TABLE": SESSION_TABLE,
        # Clients of the local stack sign nothing.
        "ALLOW_ANONYMOUS": "true",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }


def _health(state: Mapping[str, str]) -> Callable[[Request], Response]:
    def health(request: Request) -> Response:
        return json_response(state)

    return health


class _DynamoDbOr:
    """DynamoDB's one path is the page's too; a call to it names its operation in a header."""

    def __init__(self, database: DynamoDb) -> None:
        self._database = database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if request.headers.get("x-amz-target", "").startswith(TARGET_PREFIX):
            await self._database.asgi(scope, receive, send)
        else:
            raise ServiceError(404, "UnknownOperationException")


def _lifespan(api: WebSocketApi) -> Lifespan[Starlette]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = MODEL_THREADS
        overdue = asyncio.create_task(_close_overdue(api))
        yield
        overdue.cancel()

    return lifespan


async def _close_overdue(api: WebSocketApi) -> None:
    while True:
        await asyncio.sleep(OVERDUE_CHECK_SECONDS)
        await api.close_overdue()
