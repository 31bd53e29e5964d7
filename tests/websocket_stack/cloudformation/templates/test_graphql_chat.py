"""``templates/graphql-chat.yaml`` as a whole."""

from __future__ import annotations

import json

from tests.evaluator import source
from tests.websocket_stack.cloudformation.graphql_stack import NAME, REQUIRED, URL, evaluated


def test_the_code_is_all_that_it_needs() -> None:
    parameters = source(NAME)["Parameters"]
    required = {name for name, parameter in parameters.items() if "Default" not in parameter}
    assert required == REQUIRED.keys()
    assert not parameters.keys() & {"AllowStreamingResponses", "CreateBot"}


def test_the_outputs_say_where_to_ask_and_how() -> None:
    outputs = evaluated().outputs
    assert outputs["GraphQlUrl"] == URL
    assert outputs["RealtimeUrl"] == "<ChatApi.RealtimeUrl>"
    assert (outputs["SignIn"], outputs["ApiKey"]) == ("API_KEY", "<ApiKey.ApiKey>")


def test_api_and_function_are_watched() -> None:
    stack = evaluated()
    errors = stack.properties("ApiErrors")
    assert (errors["Namespace"], errors["MetricName"]) == ("AWS/AppSync", "5XXError")
    assert errors["Dimensions"] == [{"Name": "GraphQLAPIId", "Value": "abc123"}]
    assert stack.properties("Errors")["Dimensions"] == [{"Name": "FunctionName", "Value": "<Chat>"}]


def test_the_dashboard_shows_the_api() -> None:
    widgets = json.loads(evaluated().properties("TurnDashboard")["DashboardBody"])["widgets"]
    metrics = [metric for widget in widgets for metric in widget["properties"]["metrics"]]
    assert ["AWS/AppSync", "5XXError", "GraphQLAPIId", "abc123"] in metrics
    assert not any("ApiGateway" in metric[0] for metric in metrics)
