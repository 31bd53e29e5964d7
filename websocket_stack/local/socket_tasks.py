"""Socket tasks and WebSocket chat, wired as ``templates/socket-tasks.yaml`` wires them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from fulfillment.bot import Bot
from websocket_stack.local.api_gateway.authorization import Auth
from websocket_stack.local.api_gateway.events import Api
from websocket_stack.local.api_gateway.service import WebSocketApi
from websocket_stack.local.aws_lambda.service import Deployed, LambdaFunctions
from websocket_stack.local.functions.function import Function, handler_of
from websocket_stack.local.services import Services
from websocket_stack.local.sqs import EventSourceMapping

STAGE = "dev"
API_ID = "localtasks"
TABLE = "lex-streaming-tasks"
WORKER = "socket-tasks-worker"
SIGN_IN_QUEUE = "socket-tasks-sign-in"
WORKER_SECONDS = 900.0
# Calls of a route take milliseconds. More at once only wait for moto, until boto3 gives up.
ROUTE_CONCURRENCY = 8
ROUTES = (
    "$connect",
    "$disconnect",
    "task-submit",
    "sendMessage",
    "stop",
    "resume",
    "sign-in",
    "ping",
)


class SocketTasks(NamedTuple):
    """The API and what is behind it.

    Attributes:
        api: the WebSocket API.
        functions: the functions that it invokes asynchronously.
        mappings: the queues that call functions.
    """

    api: WebSocketApi
    functions: LambdaFunctions
    mappings: list[EventSourceMapping]


def socket_tasks(
    services: Services,
    *,
    auth: Auth = "none",
    bot: str | None = None,
    tasks: str | None = None,
    worker_seconds: float = WORKER_SECONDS,
) -> SocketTasks:
    """Return the door.

    Args:
        services: what it runs on.
        auth: "iam" if browsers must sign.
        bot: a builder's bot that answers messages, as ``module:attribute``.
        tasks: a builder's Tasks, as ``module:attribute``.
        worker_seconds: how long a worker may run.

    Raises:
        BotNotLoaded: the bot or the tasks cannot be loaded.
    """
    services.database.ensure_table(TABLE, key="id")
    origin, queues = services.origin, services.queues
    sign_in = "iam" if auth == "iam" else services.environment.get("SIGN_IN", "none")
    sign_in_queue, relay_queue = queues.ensure_queue(SIGN_IN_QUEUE), _relay_queue(services)
    services = services.with_variables(
        {
            "AWS_ENDPOINT_URL_LAMBDA": origin,
            "AWS_ENDPOINT_URL_SQS": origin,
            "STREAMING_ENDPOINT": f"{origin}/{STAGE}",
            "TASK_TABLE": TABLE,
            "WORKER_FUNCTION": WORKER,
            "SIGN_IN": sign_in,
            "SIGN_IN_QUEUE": sign_in_queue,
            "RELAY_QUEUE": relay_queue,
        }
    )

    def function(module: str) -> Function:
        handler = f"websocket_stack.tasks.{module}.lambda_handler"
        name = f"socket-tasks-{module}"
        return Function(name, handler, services.environment, concurrency=ROUTE_CONCURRENCY)

    mappings = []
    if sign_in == "jwt":
        deadline = function("sign_in_deadline")
        mappings.append(EventSourceMapping(queues, sign_in_queue, deadline))
    if relay_queue:
        mappings.append(EventSourceMapping(queues, relay_queue, function("relay")))
    submit = function("submit")
    worker = services.answering_function(
        WORKER,
        "websocket_stack.tasks.default_worker.lambda_handler",
        tasks or bot,
        seconds=worker_seconds,
        adapt=None if tasks else _answers_messages,
    )
    functions = {WORKER: Deployed(worker, worker_seconds, function("failures"))}
    api = WebSocketApi(
        Api(API_ID, STAGE, origin.partition("://")[2]), dict.fromkeys(ROUTES, submit)
    )
    return SocketTasks(api, LambdaFunctions(functions), mappings)


def _relay_queue(services: Services) -> str:
    """Return the URL of the queue that ``RELAY_QUEUE`` names; empty if it names none."""
    name = services.environment.get("RELAY_QUEUE", "").rpartition("/")[2]
    if not name:
        return ""
    # As the template has them: a message that is not posted holds its text up for so long.
    attributes = {"FifoQueue": "true", "VisibilityTimeout": "60"}
    return services.queues.ensure_queue(name, attributes)


def _answers_messages(bot: Any) -> Callable[[Any, Any], Any]:
    """Return the worker of a bot; a handler that is none knows Lex only."""
    from websocket_stack.tasks import Tasks

    return handler_of(Tasks(bot=bot if isinstance(bot, Bot) else None))
