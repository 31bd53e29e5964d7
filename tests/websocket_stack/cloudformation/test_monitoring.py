"""Alarms and dashboard, against what a turn really records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fulfillment.models.base import Completion, StopReason
from fulfillment.outcome import Outcome
from fulfillment.streaming.delivery import Delivery
from fulfillment.streaming.framing import RawText
from fulfillment.streaming.pacing import Pace
from fulfillment.streaming.text_buffer import TextBuffer
from fulfillment.telemetry import TurnReport, log_turn
from tests.evaluator import Stack
from tests.websocket_stack.cloudformation.fulfillment_stack import STREAMING, evaluated, variables

TOPIC = {"AlarmTopicArn": "arn:aws:sns:eu-central-1:123456789012:alarms"}
OF_TURNS = {"FailedTurns", "CutTurns", "GoneConnections", "LateFirstFrames"}
OF_THE_FUNCTION = {"Errors", "Throttles"}


def alarms(stack: Stack) -> dict[str, dict[str, Any]]:
    return stack.of_type("AWS::CloudWatch::Alarm")


def metric_of(alarm: dict[str, Any]) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    dimensions = tuple((each["Name"], each["Value"]) for each in alarm["Dimensions"])
    return alarm["Namespace"], alarm["MetricName"], dimensions


def turn_widgets() -> list[dict[str, Any]]:
    """Return the widgets of metrics that turns record; the last shows what API Gateway does."""
    return widgets(evaluated())[:-1]


def widgets(stack: Stack) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = json.loads(stack.properties("TurnDashboard")["DashboardBody"])[
        "widgets"
    ]
    return shown


@pytest.fixture
def recorded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[tuple[str, str, tuple[tuple[str, str], ...]], str]:
    """Namespace, name and dimensions of every metric that turns record, and its unit."""
    for name, value in variables(evaluated()).items():
        if name.startswith("POWERTOOLS_"):
            monkeypatch.setenv(name, value)
    for outcome in set(Outcome) - {Outcome.CANCELLED}:  # which no Lex turn is
        log_turn(_report(outcome))
    return dict(_metrics(capsys.readouterr().out))


@pytest.mark.parametrize("title", sorted(OF_TURNS))
def test_alarms_of_turns_watch_recorded_metrics(
    recorded: dict[tuple[str, str, tuple[tuple[str, str], ...]], str], title: str
) -> None:
    assert metric_of(alarms(evaluated())[title]) in recorded


@pytest.mark.parametrize("title", sorted(OF_THE_FUNCTION))
def test_alarms_of_the_function_watch_it(title: str) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    assert metric_of(alarms(evaluated())[title]) == (
        "AWS/Lambda",
        title,
        (("FunctionName", "<Fulfillment>"),),
    )


def test_there_are_no_other_alarms() -> None:
    assert alarms(evaluated()).keys() == OF_TURNS | OF_THE_FUNCTION


def test_the_dashboard_shows_recorded_metrics(
    recorded: dict[tuple[str, str, tuple[tuple[str, str], ...]], str],
) -> None:
    shown = {
        (namespace, name, ((dimension, value),))
        for widget in turn_widgets()
        for namespace, name, dimension, value in widget["properties"]["metrics"]
    }
    assert shown <= recorded.keys()
    # All but the sum of the outcomes, which the first widget shows one by one.
    assert {name for _, name, _ in recorded.keys() - shown} == {"Turns"}


def test_seconds_are_percentiles_the_rest_sums(
    recorded: dict[tuple[str, str, tuple[tuple[str, str], ...]], str],
) -> None:
    for widget in turn_widgets():
        for namespace, name, dimension, value in widget["properties"]["metrics"]:
            unit = recorded[(namespace, name, ((dimension, value),))]
            assert widget["properties"]["stat"] == ("p90" if unit == "Seconds" else "Sum")


@pytest.mark.parametrize(("given", "api"), [(STREAMING, "abc123"), ({}, "none")])
def test_the_dashboard_shows_the_api(given: dict[str, str], api: str) -> None:
    """A dimension is never empty, which CloudWatch would not take."""
    metrics = widgets(evaluated(**given))[-1]["properties"]["metrics"]
    assert metrics[0] == ["AWS/ApiGateway", "ConnectCount", "ApiId", api]


def test_widgets_do_not_overlap() -> None:
    corners = set()
    for widget in widgets(evaluated()):
        assert widget["properties"]["region"] == "eu-central-1"
        assert widget["x"] + widget["width"] <= 24
        corners.add((widget["x"], widget["y"]))
    assert len(corners) == len(widgets(evaluated()))


def test_the_dashboard_may_be_left_out() -> None:
    stack = evaluated(CreateDashboard="false")
    assert evaluated().resources.keys() - stack.resources.keys() == {"TurnDashboard"}


@pytest.mark.parametrize("title", sorted(OF_TURNS | OF_THE_FUNCTION))
def test_alarms_notify_the_topic_that_is_given(title: str) -> None:
    alarm = alarms(evaluated(**TOPIC))[title]
    assert alarm["AlarmActions"] == alarm["OKActions"] == [TOPIC["AlarmTopicArn"]]


@pytest.mark.parametrize("title", sorted(OF_TURNS | OF_THE_FUNCTION))
def test_without_a_topic_alarms_notify_nobody(title: str) -> None:
    assert not {"AlarmActions", "OKActions"} & alarms(evaluated())[title].keys()


@pytest.mark.parametrize("title", sorted(OF_TURNS | OF_THE_FUNCTION))
def test_no_turns_are_no_alarm(title: str) -> None:
    assert alarms(evaluated())[title]["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("title", sorted(OF_TURNS | OF_THE_FUNCTION))
def test_an_alarm_has_one_statistic(title: str) -> None:
    alarm = alarms(evaluated())[title]
    assert len({"Statistic", "ExtendedStatistic"} & alarm.keys()) == 1


def test_what_is_late_is_a_parameter() -> None:
    alarm = alarms(evaluated(AlarmFirstFrameSeconds="2.5"))["LateFirstFrames"]
    assert (alarm["Threshold"], alarm["ExtendedStatistic"]) == ("2.5", "p90")


def _report(outcome: Outcome) -> TurnReport:
    text = TextBuffer()
    text.write("Hello", 0.5)
    delivery = Delivery(RawText(), Pace(0.2), tail="reply")
    delivery.first_frame_at, delivery.frames, delivery.busy, delivery.gone = 0.6, 3, 1, 1
    return TurnReport(
        names={"session_id": "session-1", "request_id": "request-1", "intent": "FallbackIntent"},
        outcome=outcome,
        started=0.0,
        ended=2.0,
        text=text,
        delivery=delivery,
        completions=(Completion("m", StopReason.END_TURN, 7, 2, 345),),
    )


def _metrics(printed: str) -> Iterator[tuple[tuple[str, str, tuple[tuple[str, str], ...]], str]]:
    for line in printed.splitlines():
        record = json.loads(line)
        for directive in record.get("_aws", {}).get("CloudWatchMetrics", []):
            for dimensions in directive["Dimensions"]:
                values = tuple((name, record[name]) for name in dimensions)
                for metric in directive["Metrics"]:
                    yield (directive["Namespace"], metric["Name"], values), metric["Unit"]
