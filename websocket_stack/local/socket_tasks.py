"""Socket tasks and WebSocket chat, wired as ``templates/socket-tasks.yaml`` wires them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fulfillment.bot import Bot
from websocket_stack.local.api_gateway.authorization import Auth
from websocket_stack.local.api_gateway.events import Api
from websocket_stack.local.api_gateway.service import WebSocketApi
from websocket_stack.local.aws_lambda.service import Deployed, LambdaFunctions
from websocket_stack.local.dynamodb import DynamoDb
from websocket_stack.local.functions.function import Function, Invocable, handler_of
from websocket_stack.local.functions.reloading import BotFunction
from websocket_stack.local.journal.watching import Observer
from websocket_stack.local.sqs import EventSourceMapping, Sqs

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


def socket_tasks(  # noqa: PLR0913
    origin: str,
    environment: Mapping[str, str],
    database: DynamoDb,
    sqs: Sqs,
    *,
    auth: Auth = "none",
    bot: str | None = None,
    tasks: str | None = None,
    worker_seconds: float = WORKER_SECONDS,
    observer: Observer,
) -> SocketTasks:
    """Return the door.

    Args:
        origin: the address at which boto3 finds every service.
        environment: the environment of this stack's Lambda functions.
        database: where the task table is.
        sqs: where the queues are.
        auth: "iam" if browsers must sign.
        bot: a builder's bot that answers messages, as ``module:attribute``.
        tasks: a builder's Tasks, as ``module:attribute``.
        worker_seconds: how long a worker may run.
        observer: watches the worker.

    Raises:
        BotNotLoaded: the bot or the tasks cannot be loaded.
    """
    database.ensure_table(TABLE, key="id")
    sign_in_queue = sqs.ensure_queue(SIGN_IN_QUEUE)
    environment = {
        **environment,
        "AWS_ENDPOINT_URL_LAMBDA": origin,
        "AWS_ENDPOINT_URL_SQS": origin,
        "STREAMING_ENDPOINT": f"{origin}/{STAGE}",
        "TASK_TABLE": TABLE,
        "WORKER_FUNCTION": WORKER,
        "SIGN_IN": "iam" if auth == "iam" else environment.get("SIGN_IN", "none"),
        "SIGN_IN_QUEUE": sign_in_queue,
    }

    def function(module: str) -> Function:
        handler = f"websocket_stack.tasks.{module}.lambda_handler"
        name = f"socket-tasks-{module}"
        return Function(name, handler, environment, concurrency=ROUTE_CONCURRENCY)

    mappings = []
    if environment["SIGN_IN"] == "jwt":
        deadline = function("sign_in_deadline")
        mappings.append(EventSourceMapping(sqs, sign_in_queue, deadline))
    if environment.get("RELAY_QUEUE"):
        name = environment["RELAY_QUEUE"].rpartition("/")[2]
        # As the template has them: a message that is not posted holds its text up for so long.
        attributes = {"FifoQueue": "true", "VisibilityTimeout": "60"}
        environment["RELAY_QUEUE"] = sqs.ensure_queue(name, attributes)
        mappings.append(EventSourceMapping(sqs, environment["RELAY_QUEUE"], function("relay")))
    submit = function("submit")
    worker = observer.watched(WORKER, _worker(environment, bot, tasks, worker_seconds))
    functions = {WORKER: Deployed(worker, worker_seconds, function("failures"))}
    api = WebSocketApi(
        Api(API_ID, STAGE, origin.partition("://")[2]), dict.fromkeys(ROUTES, submit)
    )
    return SocketTasks(api, LambdaFunctions(functions), mappings)


def _worker(
    environment: Mapping[str, str], bot: str | None, tasks: str | None, seconds: float
) -> Invocable:
    if tasks is None and bot is None:
        handler = "websocket_stack.tasks.default_worker.lambda_handler"
        return Function(WORKER, handler, environment, seconds)
    if tasks is not None:
        return BotFunction(tasks, environment, WORKER, seconds)
    return BotFunction(str(bot), environment, WORKER, seconds, adapt=_answers_messages)


def _answers_messages(bot: Any) -> Callable[[Any, Any], Any]:
    """Return the worker of a bot; a handler that is none knows Lex only."""
    from websocket_stack.tasks import Tasks

    return handler_of(Tasks(bot=bot if isinstance(bot, Bot) else None))
