"""The fulfillment Lambda, looked at through AWS's APIs."""

from __future__ import annotations

import json
from typing import Any

from tests.websocket_stack.deployment.cloudformation_fakes import refusal
from websocket_stack.smoke.function import LOOKS, FulfillmentFunction

NOW = 1_700_000_030.0
FAILED = {
    "message": "turn",
    "error": "ModelRefused",
    "reason": "the model refused",
    "cause": "AccessDeniedException",
    "raised_at": None,
}


class FakeAws:
    """Lambda, CloudWatch Logs and CloudWatch at once."""

    def __init__(self, *messages: str, error: Exception | None = None) -> None:
        self._messages = messages
        self._error = error
        self.requests: list[dict[str, Any]] = []

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:
        return {
            "LoggingConfig": {"LogGroup": "group"},
            "Environment": {"Variables": {"POWERTOOLS_SERVICE_NAME": "my-bot"}},
        }

    def filter_log_events(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if self._error:
            raise self._error
        return {"events": [{"message": message} for message in self._messages]}

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        return {"MetricDataResults": [{"Values": [2.0, 1.0]}]}


def function(aws: FakeAws, waits: list[float] | None = None) -> FulfillmentFunction:
    sleep = (waits if waits is not None else []).append
    return FulfillmentFunction(lambda service: aws, "arn:live", sleep, lambda: NOW)


def test_the_log_says_why() -> None:
    aws = FakeAws(json.dumps({"error": "Older"}), json.dumps(FAILED), "plain text", "[]")

    assert function(aws).cause("smoke-1") == (
        "error: ModelRefused, reason: the model refused, cause: AccessDeniedException"
    )
    assert aws.requests == [
        {"logGroupName": "group", "filterPattern": '"smoke-1"', "startTime": 1_700_000_030_000}
    ]


def test_the_log_is_waited_for() -> None:
    waits: list[float] = []
    assert function(FakeAws(), waits).cause("smoke-1") == "its log says nothing yet"
    assert len(waits) == LOOKS - 1


def test_the_log_may_be_closed() -> None:
    aws = FakeAws(error=refusal("no", "AccessDeniedException"))
    assert function(aws).cause("s") == "its log cannot be read (AccessDeniedException)"


def test_turns_of_this_run_are_counted() -> None:
    aws = FakeAws()

    assert function(aws).turns_in_metrics() == 3
    (request,) = aws.requests
    assert request["StartTime"].timestamp() == NOW - NOW % 60
    metric = request["MetricDataQueries"][0]["MetricStat"]["Metric"]
    assert metric["Dimensions"] == [{"Name": "service", "Value": "my-bot"}]
