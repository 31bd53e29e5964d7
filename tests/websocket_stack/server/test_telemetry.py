from __future__ import annotations

from typing import Any

import pytest

from fulfillment.models.base import Completion, StopReason
from fulfillment.outcome import Outcome
from fulfillment.reply import Reply
from fulfillment.streaming.framing import Ending
from fulfillment.streaming.text_buffer import TextBuffer
from tests.websocket_stack.server.views import log_of
from websocket_stack.server.run import RunReport
from websocket_stack.server.telemetry import Telemetry

SECRET = "a secret in a reply"


def report(outcome: Any = Outcome.COMPLETED) -> Any:
    text = TextBuffer()
    text.write(SECRET, 1.0)
    return RunReport(
        Reply(outcome, SECRET), text, is_withheld=False, seconds=2.5, first_text_seconds=0.3
    )


def record(outcome: Any = Outcome.COMPLETED) -> Any:
    telemetry = Telemetry()
    usage = {"input_tokens": 3, "output_tokens": 5, "estimated": False}
    log = log_of([SECRET], Ending(outcome, usage=usage))
    telemetry.run_ended(report(outcome), log, [Completion("m", StopReason.END_TURN)])
    return telemetry.page().decode()


def test_a_run_is_counted() -> None:
    page = record()
    assert 'chat_runs_total{outcome="completed"} 1.0' in page
    assert 'chat_tokens_total{kind="output"} 5.0' in page
    assert "chat_run_seconds_sum 2.5" in page


def test_nothing_of_its_content_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    page = record(Outcome.FAILED)
    captured = capsys.readouterr()
    assert SECRET not in page + captured.out + captured.err


def test_gauges_are_read_when_asked() -> None:
    telemetry = Telemetry()
    sockets = [1]
    telemetry.watch("chat_sockets_open", "Sockets open now", lambda: len(sockets))
    sockets.append(2)
    assert "chat_sockets_open 2.0" in telemetry.page().decode()
