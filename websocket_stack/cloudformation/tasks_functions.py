"""The Lambda functions of the tasks API, and the queues that two of them read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from troposphere import GetAtt, If, NoValue, Ref, Template, awslambda, sqs
from troposphere.awslambda import Alias, Function

from websocket_stack.cloudformation import (
    conversation_table,
    failed_events,
    plain_function,
    task_table,
    tasks_settings,
    versioned_function,
)
from websocket_stack.cloudformation.lambda_functions import (
    HAS_KEY,
    allow,
    own_key,
)
from websocket_stack.cloudformation.tasks_settings import (
    RELAY_QUEUE,
    RELAYS,
    SIGN_IN_QUEUE,
    WITH_JWT,
    connections_arn,
)

WORKER = "websocket_stack.tasks.default_worker.lambda_handler"
# A queue gives a message again after six times what its function may take.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
READER_SECONDS = 10
VISIBILITY_SECONDS = 6 * READER_SECONDS
# Longer than a connection that did not sign in, or a frame, is of use to anybody.
RETENTION_SECONDS = 10 * 60


def add_failures(template: Template) -> Function:
    """Add the function that tells clients of tasks whose worker did not."""
    return _add(
        template,
        "Failures",
        "Tells clients of tasks that failed",
        "failures",
        [
            task_table.statement("BatchGetItem", "UpdateItem"),
            _may_post(),
        ],
        variables=tasks_settings.variables() | tasks_settings.relay_variables(),
        failed_events="Called again twice, and then there is an alarm.",
    )


def add_worker(template: Template, failures: Function) -> tuple[Function, Alias]:
    """Add the function that runs tasks, and what becomes of events that it fails.

    Args:
        template: where to add them.
        failures: tells clients that a task failed.
    """
    function, alias = versioned_function.add(
        template,
        "Worker",
        [
            task_table.statement("BatchGetItem", "UpdateItem"),
            _may_post(),
            If(RELAYS, allow("SendFrames", "sqs:SendMessage", GetAtt(RELAY_QUEUE, "Arn")), NoValue),
            failed_events.may_tell(failures),
            conversation_table.statement(),
        ],
        description="Runs socket tasks",
        variables=tasks_settings.worker_variables(),
        switches=[
            If(conversation_table.REMEMBERS, "remembering", "forgetful"),
            If(RELAYS, "relayed", "posted"),
        ],
        failed_events="A failed event goes to another function, which tells the client.",
        Timeout=Ref("TaskSeconds"),
    )
    failed_events.add(template, function, alias, failures)
    return function, alias


def add_submit(template: Template, worker: Alias) -> Function:
    """Add the function that answers clients; ``worker`` is what it hands tasks to."""
    return _add(
        template,
        "Submit",
        "Takes socket tasks and chat messages",
        "submit",
        [
            task_table.statement("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"),
            _may_post(),
            allow("CallTheWorker", "lambda:InvokeFunction", Ref(worker)),
            If(
                WITH_JWT,
                allow("ExpectSignIn", "sqs:SendMessage", GetAtt(SIGN_IN_QUEUE, "Arn")),
                NoValue,
            ),
        ],
        variables=tasks_settings.submit_variables(worker),
    )


def add_sign_in_deadline(template: Template) -> Function:
    """Add what closes connections that have not signed in."""
    queue = template.add_resource(_queue(SIGN_IN_QUEUE, Condition=WITH_JWT))
    function = _add(
        template,
        "SignInDeadline",
        "Closes connections that did not sign in",
        "sign_in_deadline",
        [
            task_table.statement("GetItem"),
            allow("CloseConnections", "execute-api:ManageConnections", connections_arn("DELETE")),
            _may_read(queue),
        ],
        Condition=WITH_JWT,
        Timeout=READER_SECONDS,
    )
    template.add_resource(_reading(function, queue, Condition=WITH_JWT))
    return function


def add_relay(template: Template) -> Function:
    """Add what posts frames that were sent through a queue."""
    fifo = {"FifoQueue": True, "Condition": RELAYS}
    dead = template.add_resource(_queue("UnpostedFrames", **fifo))
    queue = template.add_resource(
        _queue(
            RELAY_QUEUE,
            # Each frame has an id of its own: texts may well be equal.
            ContentBasedDeduplication=False,
            RedrivePolicy=sqs.RedrivePolicy(
                deadLetterTargetArn=GetAtt(dead, "Arn"), maxReceiveCount=3
            ),
            **fifo,
        )
    )
    function = _add(
        template,
        "Relay",
        "Posts frames in order",
        "relay",
        [task_table.statement("GetItem", "UpdateItem"), _may_post(), _may_read(queue)],
        Condition=RELAYS,
        Timeout=READER_SECONDS,
    )
    template.add_resource(
        _reading(
            function, queue, Condition=RELAYS, FunctionResponseTypes=["ReportBatchItemFailures"]
        )
    )
    return function


def _add(
    template: Template,
    title: str,
    description: str,
    module: str,
    statements: Sequence[Any],
    variables: Mapping[str, Any] | None = None,
    **properties: Any,
) -> Function:
    """Add a function of a module; by default it has the environment that all functions have."""
    return plain_function.add(
        template,
        title,
        statements,
        handler=f"websocket_stack.tasks.{module}.lambda_handler",
        variables=variables or tasks_settings.variables(),
        Description=description,
        **properties,
    )


def _queue(title: str, **properties: Any) -> sqs.Queue:
    return sqs.Queue(
        title,
        VisibilityTimeout=VISIBILITY_SECONDS,
        MessageRetentionPeriod=RETENTION_SECONDS,
        SqsManagedSseEnabled=If(HAS_KEY, NoValue, True),
        KmsMasterKeyId=own_key(),
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
        **properties,
    )


def _reading(
    function: Function, queue: sqs.Queue, **properties: Any
) -> awslambda.EventSourceMapping:
    return awslambda.EventSourceMapping(
        f"{queue.title}Reading",
        FunctionName=Ref(function),
        EventSourceArn=GetAtt(queue, "Arn"),
        **properties,
    )


# --- statements


def _may_post() -> dict[str, Any]:
    return allow("PostFrames", "execute-api:ManageConnections", connections_arn("POST"))


def _may_read(queue: sqs.Queue) -> dict[str, Any]:
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    actions = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"]
    return allow("ReadTheQueue", [f"sqs:{each}" for each in actions], GetAtt(queue, "Arn"))
