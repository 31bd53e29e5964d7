"""The local stack as a running server, for tests that speak to it as a browser or boto3 does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cache
from http.client import HTTPConnection
from typing import Any

import boto3
from botocore.config import Config
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from fulfillment.errors import ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import ModelStream, Prompt
from fulfillment.testing.scripted_model import ScriptedStream
from websocket_stack.lex_bot.description import Locale
from websocket_stack.local import stack
from websocket_stack.local.api_gateway.authorization import Auth
from websocket_stack.local.bedrock import routes as bedrock_routes
from websocket_stack.local.demo_model.model import DemoModel
from websocket_stack.local.demo_model.passages import Library, Passage
from websocket_stack.local.lex.service import LAMBDA_TIMEOUT_SECONDS
from websocket_stack.local.server import listen, origin_of, server
from websocket_stack.local.socket_tasks import WORKER_SECONDS

HOST = "127.0.0.1"
REGION = "us-east-1"
TOKENS_PER_SECOND = 800.0
# What the model of `running_stack` knows; ask for it with QUESTION.
PASSAGE = Passage(
    "README.md",
    "Lighthouse keepers",
    "A lighthouse keeper trims the wick, winds the clockwork and writes the log. "
    + "The lamp turns, the sea answers, and the night goes on. " * 8,
)
QUESTION = "What does a lighthouse keeper do?"
# It is answered slowly enough to be stopped.
SLOW_QUESTION = "What does a lighthouse keeper do all night long?"
SLOW_TOKENS_PER_SECOND = 10.0
# What the Lambda functions sign with.
OF_FUNCTIONS = (stack.ACCESS_KEY_ID, stack.SECRET_ACCESS_KEY)

# A reply to it goes on until it is stopped.
ENDLESS = "Tell me a story."
_FAULTS: Mapping[str, Sequence[str | Exception | threading.Event]] = {
    ENDLESS: ["Once upon ", threading.Event()],
    "break": ["Once upon ", "a time", ModelInterrupted("the stream broke")],
    "refuse": [ModelRejected("the prompt is refused")],
    "be busy": [ModelUnavailable("too many requests")],
}


class StackModel:
    """The demo model, writing fast, which fails, or does not end, if it is asked to."""

    def __init__(self, tokens_per_second: float = TOKENS_PER_SECOND) -> None:
        library = Library([PASSAGE])
        self._demo = DemoModel(library, tokens_per_second, thinking_seconds=0.0)
        self._slow = DemoModel(library, SLOW_TOKENS_PER_SECOND, thinking_seconds=0.0)

    def ask(self, prompt: Prompt) -> ModelStream:
        if prompt.messages[-1].text == SLOW_QUESTION:
            return self._slow.ask(prompt)
        script = _FAULTS.get(prompt.messages[-1].text)
        return self._demo.ask(prompt) if script is None else ScriptedStream(script)


@contextmanager
def running_stack(  # noqa: PLR0913
    *,
    fulfillment: str = "fulfillment.handler.lambda_handler",
    tokens_per_second: float = TOKENS_PER_SECOND,
    model_routes: Sequence[BaseRoute] | None = None,
    environ: Mapping[str, str] | None = None,
    auth: Auth = "none",
    further_routes: Sequence[BaseRoute] = (),
    lex_timeout_seconds: float = LAMBDA_TIMEOUT_SECONDS,
    bot: str | None = None,
    tasks: str | None = None,
    worker_seconds: float = WORKER_SECONDS,
    locales: Mapping[str, Locale] | None = None,
    hosts: Sequence[str] = (),
) -> Iterator[str]:
    """Run the stack as ``scripts/serve`` runs it, on a free port; yields its origin.

    All stacks of a process share moto's tables: a plain ``mock_aws`` meanwhile would empty them.
    """

    def build(origin: str) -> Starlette:
        return stack.build(
            origin,
            model_routes or bedrock_routes.routes(StackModel(tokens_per_second)),
            model_name="demo",
            fulfillment=fulfillment,
            environ={"FLUSH_INTERVAL_SECONDS": "0.02"} if environ is None else environ,
            auth=auth,
            further_routes=further_routes,
            lex_timeout_seconds=lex_timeout_seconds,
            bot=bot,
            tasks=tasks,
            worker_seconds=worker_seconds,
            locales=locales,
            hosts=hosts,
        )

    with _running(build) as origin:
        yield origin


@contextmanager
def running_app(app: Starlette) -> Iterator[str]:
    """Run any application on the stack's server; yields its origin."""
    with _running(lambda origin: app) as origin:
        yield origin


@contextmanager
def _running(build: Callable[[str], Starlette]) -> Iterator[str]:
    listener = listen(HOST, 0)
    try:
        origin = origin_of(HOST, listener)
        running = server(build(origin))
        thread = threading.Thread(
            target=running.run, kwargs={"sockets": [listener]}, name="stack", daemon=True
        )
        thread.start()
        try:
            _wait_for_answer(listener.getsockname()[1])
            yield origin
        finally:
            running.should_exit = True
            thread.join(20)
            assert not thread.is_alive(), "the stack does not stop"
    finally:
        listener.close()


def _wait_for_answer(port: int) -> None:
    # The socket listens already, so a request waits until the server is up.
    with closing(HTTPConnection(HOST, port, timeout=20)) as connection:
        connection.request("GET", "/health")
        connection.getresponse().read()


def client(
    service: str, endpoint_url: str, credentials: tuple[str, str] = ("test", "test"), **config: Any
) -> Any:
    """Return a boto3 client that tries once; close it after use.

    Args:
        service: the service's name.
        endpoint_url: where it is.
        credentials: an access key id and its secret; by default of no caller that the stack knows.
        config: further settings of botocore's ``Config``.
    """
    # The stubs know no service whose name is a variable.
    make_client: Any = _session(*credentials).client
    return make_client(
        service,
        endpoint_url=endpoint_url,
        config=Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            read_timeout=20,
            **config,
        ),
    )


@cache
def _session(access_key_id: str, secret_access_key: str) -> boto3.Session:
    # To parse botocore's data for each client takes a tenth of a second.
    return boto3.Session(access_key_id, secret_access_key, region_name=REGION)


def session(session_id: str) -> dict[str, str]:
    """Return what names a Lex session in boto3 calls."""
    return {
        "botId": "LOCALBOT01",
        "botAliasId": "TSTALIASID",
        "localeId": "en_US",
        "sessionId": session_id,
    }


def connection_of(dynamodb: Any, session_id: str) -> str | None:
    """Return the connection that the session table of a running stack has for a session."""
    row = dynamodb.get_item(
        TableName=stack.SESSION_TABLE, Key={"sessionId": {"S": session_id}}, ConsistentRead=True
    ).get("Item")
    return row.get("connectionId", {}).get("S") if row else None


def wait_until_unregistered(dynamodb: Any, session_id: str) -> None:
    """Return once a session has no connection any more; each look takes some milliseconds."""
    for _ in range(3000):
        if connection_of(dynamodb, session_id) is None:
            return
    raise AssertionError(f"{session_id} is still registered")
