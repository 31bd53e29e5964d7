"""Asynchronous invocations of an alias, and what Lambda does with a function's own role.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc

# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
READ = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def install() -> None:
    _configure_aliases_apart()
    _tell_destinations_as_the_role_may()
    _read_queues_as_the_role_may()


def _configure_aliases_apart() -> None:
    """Handle the events of an alias as that is configured; MiniStack asks the function.

    Reserved concurrency is the function's, on the other hand, and MiniStack asks the version.

    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    """
    own = lambda_svc.invoke_async_with_retry

    def invoke(function: dict[str, Any], event: Any) -> None:
        # The ARN ends with the alias, if it was called by that.
        parts = function["config"]["FunctionArn"].split(":")
        qualifier = parts[7] if len(parts) > 7 else "$LATEST"
        whole = lambda_svc._functions[parts[6]]
        configured = whole.get("event_invoke_configs", {}).get(qualifier, {})
        reserved = whole.get("concurrency")
        own({**function, "event_invoke_config": configured, "concurrency": reserved}, event)

    lambda_svc.invoke_async_with_retry = invoke


def _tell_destinations_as_the_role_may() -> None:
    """Call a destination if the role of the function that failed may.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    own = lambda_svc._route_async_failure

    def tell(target: str, name: str, *arguments: Any) -> None:
        role = lambda_svc._functions[name]["config"]["Role"]
        if _may(role, "lambda:InvokeFunction", target):
            own(target, name, *arguments)

    lambda_svc._route_async_failure = tell


def _read_queues_as_the_role_may() -> None:
    own = lambda_svc._sqs_esm_concurrency

    def concurrency(mapping: dict[str, Any], function: dict[str, Any], *more: Any) -> int:
        role, queue = function["config"]["Role"], mapping["EventSourceArn"]
        if not all(_may(role, action, queue) for action in READ):
            return 0
        return int(own(mapping, function, *more))

    lambda_svc._sqs_esm_concurrency = concurrency


def _may(role_arn: str, action: str, resource: str) -> bool:
    account = get_account_id()
    context = iam_evaluator.EvalContext(
        principal_arn=role_arn,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=get_region(),
    )
    policies = iam_evaluator._gather_role_policies(role_arn.rpartition("/")[2], account)
    return bool(iam_evaluator.evaluate(context, policies).decision == "Allow")
