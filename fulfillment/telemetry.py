"""One log line and one metrics record (CloudWatch EMF) a turn; never a word of its content."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from fulfillment.errors import describe
from fulfillment.lex.events import LexEvent
from fulfillment.logs import SERVICE, get_logger, log_failure
from fulfillment.models.base import Completion
from fulfillment.streaming.delivery import Delivery
from fulfillment.streaming.text_buffer import Transcript

NAMESPACE = "LexStreaming"

# Made with this module, while the model thinks.
logger = get_logger()


class Outcome(StrEnum):
    """How a turn ended for its user."""

    COMPLETED = "completed"
    CUT = "cut"
    """At the deadline, with what there was."""
    INTERRUPTED = "interrupted"
    """Something failed after the first text."""
    FAILED = "failed"
    """There is no text at all."""
    EMPTY = "empty"
    """The function or the model finished and wrote nothing."""


class TurnReport(NamedTuple):
    """What is known of a turn at its end; times are seconds since it started."""

    session_id: str
    request_id: str
    intent: str
    outcome: Outcome
    total_seconds: float
    delivery: Delivery
    first_chunk_seconds: float | None = None
    first_frame_seconds: float | None = None
    characters: int = 0
    completions: tuple[Completion, ...] = ()
    error: BaseException | None = None
    memory_error: BaseException | None = None

    @classmethod
    def of(
        cls,
        *,
        event: LexEvent,
        request_id: str,
        outcome: Outcome,
        transcript: Transcript,
        completions: tuple[Completion, ...],
        delivery: Delivery,
        memory_error: BaseException | None,
        started: float,
        ended: float,
    ) -> TurnReport:
        """Make the report of a turn; takes the clock's readings at its start and end."""
        return cls(
            session_id=event.session_id,
            request_id=request_id,
            intent=event.intent.name,
            outcome=outcome,
            total_seconds=ended - started,
            delivery=delivery,
            first_chunk_seconds=_since(started, transcript.first_chunk_at),
            first_frame_seconds=_since(started, delivery.first_frame_at),
            characters=transcript.length,
            completions=completions,
            error=transcript.error,
            memory_error=memory_error,
        )


def log_turn(report: TurnReport) -> None:
    """Log a turn and record its metrics; never raises."""
    try:
        _log(report)
        _record(report)
    # Its reply is there already, and must not be lost over this.
    except Exception as exc:
        log_failure("the turn could not be recorded", exc)


def _log(report: TurnReport) -> None:
    log = logger.info
    if report.error or report.delivery.error or report.memory_error:
        log = logger.warning
    if report.outcome is Outcome.FAILED:
        log = logger.error
    log("turn", extra=_log_fields(report))


def _record(report: TurnReport) -> None:
    # One instance a turn: the shared one of Powertools would mix turns of several threads.
    metrics = EphemeralMetrics()
    metrics.namespace = metrics.namespace or NAMESPACE
    metrics.service = metrics.service or getattr(logger, "service", SERVICE)
    for name, unit, value in _measures(report):
        metrics.add_metric(name, unit, value)
    metrics.add_metadata("outcome", report.outcome)
    metrics.add_metadata("delivery", report.delivery.status)
    metrics.add_metadata("request_id", report.request_id)
    metrics.flush_metrics()


def _measures(report: TurnReport) -> list[tuple[str, MetricUnit, float]]:
    measures: list[tuple[str, MetricUnit, float | None]] = [
        ("Turns", MetricUnit.Count, 1),
        # A metric an outcome, not a dimension: an alarm names one, and sums over none.
        (f"Turns{report.outcome.capitalize()}", MetricUnit.Count, 1),
        ("TotalSeconds", MetricUnit.Seconds, report.total_seconds),
        ("FirstChunkSeconds", MetricUnit.Seconds, report.first_chunk_seconds),
        ("FirstFrameSeconds", MetricUnit.Seconds, report.first_frame_seconds),
        ("Frames", MetricUnit.Count, report.delivery.frames),
        ("ConnectionsGone", MetricUnit.Count, report.delivery.gone),
        ("ChannelBusy", MetricUnit.Count, report.delivery.busy),
        ("InputTokens", MetricUnit.Count, _total(report, "input_tokens")),
        ("OutputTokens", MetricUnit.Count, _total(report, "output_tokens")),
    ]
    return [(name, unit, value) for name, unit, value in measures if value is not None]


def _total(report: TurnReport, field: str) -> int | None:
    values = [getattr(completion, field) for completion in report.completions]
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _log_fields(report: TurnReport) -> Mapping[str, object]:
    fields: dict[str, object] = {
        "session_id": report.session_id,
        "request_id": report.request_id,
        "intent": report.intent,
        "outcome": report.outcome,
        "delivery": report.delivery.status,
        "frames": report.delivery.frames,
        "connections_gone": report.delivery.gone,
        "channel_busy": report.delivery.busy,
        "characters_streamed": report.delivery.characters,
        "characters": report.characters,
        "total_seconds": round(report.total_seconds, 3),
        "first_chunk_seconds": _rounded(report.first_chunk_seconds),
        "first_frame_seconds": _rounded(report.first_frame_seconds),
        "models": [completion.model_id for completion in report.completions],
        "stop_reasons": [completion.stop_reason for completion in report.completions],
        "model_latency_ms": [completion.latency_ms for completion in report.completions],
        "input_tokens": _total(report, "input_tokens"),
        "output_tokens": _total(report, "output_tokens"),
        "cache_read_tokens": _total(report, "cache_read_tokens"),
        "cache_write_tokens": _total(report, "cache_write_tokens"),
    }
    if report.error is not None:
        fields |= describe(report.error)
    if report.delivery.error is not None:
        fields["delivery_error"] = describe(report.delivery.error)
    if report.memory_error is not None:
        fields["memory_error"] = describe(report.memory_error)
    return fields


def _since(started: float, at: float | None) -> float | None:
    return None if at is None else at - started


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
