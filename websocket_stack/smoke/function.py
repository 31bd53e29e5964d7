"""The fulfillment Lambda of a stack: what it logged of a turn, and its metrics."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from websocket_stack.cloudformation.monitoring import NAMESPACE

# A line can be read some seconds after it was written.
LOOKS = 5
LOOK_SECONDS = 2.0
ERROR_FIELDS = ("error", "reason", "cause", "raised_at")


class FulfillmentFunction:
    """The Lambda, as far as the caller may look at it.

    Args:
        make_client: makes a boto3 client of a service.
        arn: the Lambda's ARN, with its alias.
        sleep: waits for some seconds.
        now: the wall clock, in epoch seconds.
    """

    def __init__(
        self,
        make_client: Callable[[str], Any],
        arn: str,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._make_client = make_client
        self._arn = arn
        self._sleep = sleep
        self._now = now
        self._started_at = now()

    @cached_property
    def _configuration(self) -> Mapping[str, Any]:
        configuration: Mapping[str, Any] = self._make_client("lambda").get_function_configuration(
            FunctionName=self._arn
        )
        return configuration

    def cause(self, session_id: str) -> str:
        """Return why the latest turn of a session failed, from its log line.

        The line never holds a prompt or a reply.

        Args:
            session_id: the Lex session.
        """
        try:
            for look in range(LOOKS):
                if look:
                    self._sleep(LOOK_SECONDS)
                for line in self._lines(session_id):
                    if line.get("error"):
                        return ", ".join(
                            f"{name}: {line[name]}" for name in ERROR_FIELDS if line.get(name)
                        )
        except ClientError as exc:
            return f"its log cannot be read ({exc.response['Error']['Code']})"
        return "its log says nothing yet"

    def _lines(self, session_id: str) -> Iterator[Mapping[str, Any]]:
        """Yield what was logged of a session in this run, newest first."""
        events = self._make_client("logs").filter_log_events(
            logGroupName=self._configuration["LoggingConfig"]["LogGroup"],
            filterPattern=f'"{session_id}"',
            startTime=int(self._started_at * 1000),
        )["events"]
        for event in reversed(events):
            try:
                line = json.loads(event["message"])
            except ValueError:
                continue  # not the library's
            if isinstance(line, dict):
                yield line

    def turns_in_metrics(self) -> float:
        """Return how many turns of this run CloudWatch knows."""
        name = self._configuration["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        metric = {
            "Namespace": NAMESPACE,
            "MetricName": "Turns",
            "Dimensions": [{"Name": "service", "Value": name}],
        }
        # Metrics of a minute have the time of its beginning.
        start = self._started_at - self._started_at % 60
        results = self._make_client("cloudwatch").get_metric_data(
            MetricDataQueries=[
                {"Id": "turns", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
            ],
            StartTime=datetime.fromtimestamp(start, UTC),
            EndTime=datetime.fromtimestamp(self._now() + 60, UTC),
        )["MetricDataResults"]
        return float(sum(value for result in results for value in result["Values"]))
