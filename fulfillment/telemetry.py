"""One log line and one metrics record (CloudWatch EMF) per turn; never a word of its content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

# The package, and its part by it: another thread that loads the package at that time, for a line of
# the log, holds what the part waits for, and waits for the part. Python then gives one of them half
# a module.
from aws_lambda_powertools import metrics

from fulfillment.errors import describe
from fulfillment.logs import SERVICE, get_logger, log_failure
from fulfillment.models.base import Completion
from fulfillment.outcome import Outcome
from fulfillment.streaming.delivery import Delivery
from fulfillment.streaming.text_buffer import TextBuffer

NAMESPACE = "LexStreaming"
# The delivery of a turn without a stream: a voice turn, the console test window, streaming
# switched off.
OFF = "off"
MetricUnit = metrics.MetricUnit

# Made with this module, while the model thinks.
logger = get_logger()


class TurnReport(NamedTuple):
    """What is known of a turn at its end.

    Attributes:
        names: what the turn is called by: its session, its intent, the Lambda's request.
        outcome: how it ended for its user.
        started: the clock's reading at its start, in seconds.
        ended: the clock's reading at its end.
        text: what was written.
        delivery: how it reached the client, or ``None`` if nothing was streamed.
        completions: how the model calls ended.
        memory_error: why the conversation was not loaded or saved.
        handled_error: what a handler raised and an error handler answered.
        cut_at: where the handler was when it was cut, if it was.
        attributes_left_out: how many attributes the response had no room for.
        another_api: whether the browser is connected to another API than the one posted to.
    """

    names: Mapping[str, str]
    outcome: Outcome
    started: float
    ended: float
    text: TextBuffer
    delivery: Delivery | None = None
    completions: Sequence[Completion] = ()
    memory_error: BaseException | None = None
    handled_error: BaseException | None = None
    cut_at: str = ""
    attributes_left_out: int = 0
    another_api: bool = False

    def seconds_until(self, reading: float | None) -> float | None:
        """Return how long after the start something was, if it was."""
        return None if reading is None else reading - self.started


# Never set on AWS.
_recorder: ContextVar[Callable[[TurnReport], None] | None] = ContextVar("recorder", default=None)


@contextmanager
def recorded_by(record: Callable[[TurnReport], None] | None) -> Iterator[None]:
    """Report turns to a function instead of to the log and the metrics.

    It gets the turns of this context, and of the threads that inherit it.

    Args:
        record: the function, or ``None`` for the log and the metrics.
    """
    token = _recorder.set(record)
    try:
        yield
    finally:
        _recorder.reset(token)


def log_turn(report: TurnReport) -> None:
    """Log a turn and record its metrics; never raises."""
    try:
        if record := _recorder.get():
            record(report)
            return
        _log(report)
        _record(report)
    # Its reply is there already, and must not be lost over this.
    except Exception as exc:
        log_failure("the turn could not be recorded", exc)


def _log(report: TurnReport) -> None:
    failures = [report.text.error, report.memory_error]
    failures += [report.delivery.error] if report.delivery else []
    failed = any(failures) or report.attributes_left_out or report.another_api
    log = logger.warning if failed else logger.info
    if report.outcome is Outcome.FAILED:
        log = logger.error
    log("turn", extra=fields_of(report))


def _record(report: TurnReport) -> None:
    # One instance a turn: the shared one of Powertools would mix turns of several threads.
    record = metrics.EphemeralMetrics()
    record.namespace = record.namespace or NAMESPACE
    record.service = record.service or getattr(logger, "service", SERVICE)
    for name, unit, value in _measures(report):
        record.add_metric(name, unit, value)
    record.add_metadata("outcome", report.outcome)
    record.add_metadata("delivery", _status(report))
    record.add_metadata("request_id", report.names.get("request_id", ""))
    record.flush_metrics()


def _measures(report: TurnReport) -> list[tuple[str, MetricUnit, float]]:
    delivery = report.delivery
    first_frame_at = delivery.first_frame_at if delivery else None
    measures: list[tuple[str, MetricUnit, float | None]] = [
        ("Turns", MetricUnit.Count, 1),
        # A metric an outcome, not a dimension: an alarm names one, and sums over none.
        (f"Turns{report.outcome.capitalize()}", MetricUnit.Count, 1),
        ("TotalSeconds", MetricUnit.Seconds, report.ended - report.started),
        ("FirstChunkSeconds", MetricUnit.Seconds, report.seconds_until(report.text.first_chunk_at)),
        ("FirstFrameSeconds", MetricUnit.Seconds, report.seconds_until(first_frame_at)),
        ("Frames", MetricUnit.Count, delivery.frames if delivery else 0),
        ("ConnectionsGone", MetricUnit.Count, delivery.gone if delivery else 0),
        ("ChannelBusy", MetricUnit.Count, delivery.busy if delivery else 0),
        ("InputTokens", MetricUnit.Count, _total(report, "input_tokens")),
        ("OutputTokens", MetricUnit.Count, _total(report, "output_tokens")),
    ]
    return [(name, unit, value) for name, unit, value in measures if value is not None]


def fields_of(report: TurnReport) -> Mapping[str, object]:
    """Return the fields of a turn's log line."""
    delivery = report.delivery
    first_frame_at = delivery.first_frame_at if delivery else None
    fields: dict[str, object] = {
        **report.names,
        "outcome": report.outcome,
        "delivery": _status(report),
        "frames": delivery.frames if delivery else 0,
        "connections_gone": delivery.gone if delivery else 0,
        "channel_busy": delivery.busy if delivery else 0,
        "characters_streamed": delivery.characters if delivery else 0,
        "characters": report.text.length,
        "total_seconds": _rounded(report.ended - report.started),
        "first_chunk_seconds": _rounded(report.seconds_until(report.text.first_chunk_at)),
        "first_frame_seconds": _rounded(report.seconds_until(first_frame_at)),
        "models": [completion.model_id for completion in report.completions],
        "stop_reasons": [completion.stop_reason for completion in report.completions],
        "model_latency_ms": [completion.latency_ms for completion in report.completions],
        "input_tokens": _total(report, "input_tokens"),
        "output_tokens": _total(report, "output_tokens"),
        "cache_read_tokens": _total(report, "cache_read_tokens"),
        "cache_write_tokens": _total(report, "cache_write_tokens"),
    }
    if report.text.error is not None:
        fields |= describe(report.text.error)
    if delivery is not None and delivery.error is not None:
        fields["delivery_error"] = describe(delivery.error)
    if report.memory_error is not None:
        fields["memory_error"] = describe(report.memory_error)
    if report.handled_error is not None:
        fields["handled_error"] = describe(report.handled_error)
    if report.cut_at:
        fields["cut_at"] = report.cut_at
    if report.attributes_left_out:
        fields["attributes_left_out"] = report.attributes_left_out
    if report.another_api:
        fields["another_api"] = True
    return fields


def _status(report: TurnReport) -> str:
    return report.delivery.status if report.delivery else OFF


def _total(report: TurnReport, field: str) -> int | None:
    values = [getattr(completion, field) for completion in report.completions]
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
