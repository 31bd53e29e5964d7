"""Metrics for Prometheus and one log line per run; never a word of its content."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from fulfillment.errors import describe
from fulfillment.logs import get_logger
from fulfillment.models.base import Completion
from fulfillment.outcome import Outcome
from websocket_stack.server.run import RunReport
from websocket_stack.server.run_log import RunLog

SECONDS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)


class Telemetry:
    """The metrics and the log of one process.

    No label has a value that a client can choose.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._runs = self._counter("chat_runs", "Runs that ended", "outcome")
        self._refusals = self._counter("chat_refusals", "What was refused", "reason")
        self._tokens = self._counter("chat_tokens", "Tokens of models", "kind")
        self._sockets = self._counter("chat_sockets_opened", "Sockets opened", "protocol")
        self.frames = Counter("chat_frames", "Frames sent", registry=self.registry)
        self._run_seconds = self._histogram("chat_run_seconds", "From question to end")
        self._first_text = self._histogram("chat_first_text_seconds", "From question to text")

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Report a value that goes up and down, whenever the metrics are asked for."""
        Gauge(name, text, registry=self.registry).set_function(value)

    def page(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def socket_opened(self, protocol: str) -> None:
        """Count a socket whose protocol is known by now."""
        self._sockets.labels(protocol).inc()

    def refused(self, reason: str, **names: str) -> None:
        """Count and log what was refused.

        Args:
            reason: one of few words.
            names: the client that was refused, for the log.
        """
        self._refusals.labels(reason).inc()
        get_logger().warning("refused", extra={"refusal": reason, **names})

    def run_ended(self, report: RunReport, log: RunLog, completions: Sequence[Completion]) -> None:
        """Count and log a run."""
        usage = (log.ending.usage if log.ending else None) or {}
        self._runs.labels(report.reply.outcome).inc()
        self._run_seconds.observe(report.seconds)
        if report.first_text_seconds is not None:
            self._first_text.observe(report.first_text_seconds)
        for kind in ("input", "output"):
            self._tokens.labels(kind).inc(usage.get(f"{kind}_tokens", 0))
        logger = get_logger()
        failed = report.reply.outcome in (Outcome.FAILED, Outcome.INTERRUPTED)
        fields: dict[str, object] = {
            "outcome": report.reply.outcome,
            "seconds": round(report.seconds, 3),
            "first_text_seconds": report.first_text_seconds and round(report.first_text_seconds, 3),
            "characters": report.text.length,
            "pieces": len(log),
            "models": [each.model_id for each in completions],
            "stop_reasons": [each.stop_reason for each in completions],
            **usage,
        }
        if report.text.error is not None:
            fields |= describe(report.text.error)
        (logger.error if failed else logger.info)("run", extra=fields)

    def _counter(self, name: str, text: str, label: str) -> Counter:
        return Counter(name, text, [label], registry=self.registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        return Histogram(name, text, buckets=SECONDS, registry=self.registry)
