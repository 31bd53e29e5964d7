"""Alarms and a dashboard for the metrics of turns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from troposphere import If, NoValue, Parameter, Ref, Sub, Template
from troposphere.awslambda import Function
from troposphere.cloudwatch import Alarm, Dashboard, MetricDimension

from websocket_stack.cloudformation.parameters import (
    STREAMING,
    is_given,
    is_true,
    number,
    switch,
    text,
)

NAMESPACE = "LexStreaming"
NOTIFIES = "NotifiesAlarms"
PERIOD_SECONDS = 300

First: TypeAlias = Literal["Frame", "Chunk"]
"""What is first: a frame at the client, or a chunk of a model, which may be sent much later."""


class ApiMetrics(NamedTuple):
    """What the dashboard shows of an API.

    Attributes:
        title: over the graph.
        namespace: of its metrics.
        metrics: their names.
        dimension: the dimension that names the API.
        id: its value.
    """

    title: str
    namespace: str
    metrics: list[str]
    dimension: str
    id: Any


def websocket_metrics(api_id: Any) -> ApiMetrics:
    """Return the metrics of a WebSocket API.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
    """
    metrics = ["ConnectCount", "ClientError", "ExecutionError", "IntegrationError"]
    return ApiMetrics("WebSocket API", "AWS/ApiGateway", metrics, "ApiId", api_id)


def graphql_metrics(api_id: Any) -> ApiMetrics:
    """Return the metrics of a GraphQL API.

    https://docs.aws.amazon.com/appsync/latest/devguide/monitoring.html
    """
    metrics = ["4XXError", "5XXError", "ActiveConnections", "PublishDataMessageSuccess"]
    return ApiMetrics("GraphQL API", "AWS/AppSync", metrics, "GraphQLAPIId", api_id)


def parameters(first: First = "Frame") -> list[Parameter]:
    """Return the parameters of alarms and dashboard; ``first`` is what may be late."""
    late = f"A first {first.lower()} later than this is late."
    return [
        topic_parameter(),
        number(f"AlarmFirst{first}Seconds", late, 5, 0.5, 30),
        switch(
            "CreateDashboard",
            "Make a CloudWatch dashboard ($3 a month beyond three).",
            default=True,
        ),
    ]


def topic_parameter() -> Parameter:
    return text(
        "AlarmTopicArn",
        "An SNS topic that alarms are sent to.",
        AllowedPattern="|arn:[^:]+:sns:[^:]+:[0-9]{12}:.+",
    )


def add_api_alarms(
    template: Template,
    function: Function,
    of_api: dict[str, Any],
    effects: tuple[str, str],
    **properties: Any,
) -> None:
    """Add alarms for an API, and for the Lambda that it calls.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html

    Args:
        template: where to add them.
        function: the Lambda.
        of_api: the dimensions of the API's metrics.
        effects: what it means that the Lambda fails, and that it is throttled.
        properties: the alarms' other properties.
    """
    template.add_condition(NOTIFIES, is_given("AlarmTopicArn"))
    failed, throttled = effects
    alarms = {
        **function_alarms(function, failed, throttled),
        "IntegrationErrors": _alarm(
            "AWS/ApiGateway", "IntegrationError", of_api, "The API could not call the Lambda."
        ),
        "ExecutionErrors": _alarm(
            "AWS/ApiGateway", "ExecutionError", of_api, "The API itself failed."
        ),
    }
    add_alarms(template, alarms, **properties)


def add_graphql_alarms(template: Template, api_id: Any) -> None:
    """Add the alarm for a GraphQL API; the template has to have the condition on notices."""
    metrics = graphql_metrics(api_id)
    of_api = {metrics.dimension: api_id}
    failed = _alarm(metrics.namespace, "5XXError", of_api, "The API itself failed.")
    template.add_resource(Alarm("ApiErrors", **failed))


def function_alarms(function: Function, failed: str, throttled: str) -> dict[str, dict[str, Any]]:
    """Return the alarms of a Lambda, by logical id.

    Args:
        function: the Lambda.
        failed: what it means that it fails.
        throttled: what it means that it is throttled.
    """
    of_function = {"FunctionName": Ref(function)}
    return {
        f"{function.title}Errors": _alarm("AWS/Lambda", "Errors", of_function, failed),
        f"{function.title}Throttles": _alarm("AWS/Lambda", "Throttles", of_function, throttled),
    }


def failure_alarms(
    function: Function, failures: Function, untold: str
) -> dict[str, dict[str, Any]]:
    """Return the alarms for failed events of which no client was told, by logical id.

    Args:
        function: the Lambda whose events fail.
        failures: the Lambda that tells clients.
        untold: what it means that they were not told.
    """
    of_function = {"FunctionName": Ref(function)}
    return {
        **function_alarms(failures, untold, untold),
        "UntoldFailures": _alarm("AWS/Lambda", "DestinationDeliveryFailures", of_function, untold),
    }


def add_alarms(
    template: Template, alarms: Mapping[str, Mapping[str, Any]], **attributes: Any
) -> None:
    """Add alarms by their logical ids, with further attributes such as a condition."""
    for title, options in alarms.items():
        template.add_resource(Alarm(title, **options, **attributes))


def add(
    template: Template,
    function: Function,
    first: First = "Frame",
    throttled: str = "Turns were refused.",
    api: ApiMetrics | None = None,
) -> None:
    """Add alarms for the function and its turns, and the dashboard.

    Args:
        template: where to add them.
        function: the Lambda.
        first: what may be late.
        throttled: what it means that the Lambda is throttled.
        api: the API on the dashboard; by default the WebSocket API of a parameter, if it is given.
    """
    template.add_condition(NOTIFIES, is_given("AlarmTopicArn"))
    template.add_condition("HasDashboard", is_true("CreateDashboard"))
    of_function = {"FunctionName": Ref(function)}
    of_turns = {"service": Ref("AWS::StackName")}
    alarms = {
        "Errors": _alarm("AWS/Lambda", "Errors", of_function, "The function failed."),
        "Throttles": _alarm("AWS/Lambda", "Throttles", of_function, throttled),
        "FailedTurns": _alarm(NAMESPACE, "TurnsFailed", of_turns, "Turns ended with no text."),
        "CutTurns": _alarm(
            NAMESPACE, "TurnsCut", of_turns, "Turns were cut at the deadline.", threshold=5
        ),
        "GoneConnections": _alarm(
            NAMESPACE,
            "ConnectionsGone",
            of_turns,
            "Browsers disconnected in the middle of a turn.",
            threshold=20,
        ),
        f"LateFirst{first}s": _alarm(
            NAMESPACE,
            f"First{first}Seconds",
            of_turns,
            f"One in ten first {first.lower()}s was late.",
            threshold=Ref(f"AlarmFirst{first}Seconds"),
            ExtendedStatistic="p90",
        ),
    }
    add_alarms(template, alarms)
    # A dimension must not be empty.
    api = api or websocket_metrics(If(STREAMING, Ref("WebSocketId"), "none"))
    template.add_resource(
        Dashboard(
            "TurnDashboard",
            Condition="HasDashboard",
            DashboardName=Sub("${AWS::StackName}-turns"),
            DashboardBody=Sub(json.dumps({"widgets": _widgets(api)}), Api=api.id),
        )
    )


def _alarm(
    namespace: str,
    metric: str,
    dimensions: dict[str, Any],
    description: str,
    threshold: Any = 1,
    **statistic: str,
) -> dict[str, Any]:
    notified = If(NOTIFIES, [Ref("AlarmTopicArn")], NoValue)
    return {
        "AlarmDescription": description,
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": [
            MetricDimension(Name=name, Value=value) for name, value in dimensions.items()
        ],
        "Period": PERIOD_SECONDS,
        "EvaluationPeriods": 1,
        "Threshold": threshold,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        # No data means no turns, which is no alarm.
        "TreatMissingData": "notBreaching",
        "AlarmActions": notified,
        "OKActions": notified,
        **(statistic or {"Statistic": "Sum"}),
    }


def _widgets(api: ApiMetrics) -> list[dict[str, Any]]:
    outcomes = ["Completed", "Cut", "Interrupted", "Failed", "Empty"]
    return [
        _widget(0, 0, "Turns", [f"Turns{outcome}" for outcome in outcomes], "Sum"),
        _widget(12, 0, "Seconds to the first chunk (p90)", ["FirstChunkSeconds"], "p90"),
        _widget(0, 6, "Seconds to the first frame (p90)", ["FirstFrameSeconds"], "p90"),
        _widget(12, 6, "Seconds of a turn (p90)", ["TotalSeconds"], "p90"),
        _widget(0, 12, "Connections", ["ConnectionsGone", "ChannelBusy", "Frames"], "Sum"),
        _widget(12, 12, "Tokens", ["InputTokens", "OutputTokens"], "Sum"),
        _widget(0, 18, api.title, api.metrics, "Sum", (api.namespace, api.dimension, "${Api}")),
    ]


def _widget(
    x: int,
    y: int,
    title: str,
    metrics: list[str],
    statistic: str,
    source: tuple[str, str, str] = (NAMESPACE, "service", "${AWS::StackName}"),
) -> dict[str, Any]:
    """Return a graph of metrics; ``source`` is their namespace, and a dimension and its value."""
    namespace, *dimension = source
    return {
        "type": "metric",
        "x": x,
        "y": y,
        "width": 12,
        "height": 6,
        "properties": {
            "title": title,
            "region": "${AWS::Region}",
            "stat": statistic,
            "period": PERIOD_SECONDS,
            "metrics": [[namespace, metric, *dimension] for metric in metrics],
        },
    }
