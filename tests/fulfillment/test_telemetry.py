from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fulfillment.errors import ChannelError, ConversationTableError
from fulfillment.memory import Exchange
from fulfillment.memory.conversation import ATTRIBUTE
from fulfillment.models.base import Completion, StopReason
from fulfillment.outcome import Outcome
from fulfillment.streaming.delivery import Delivery, Status
from fulfillment.streaming.framing import RawText
from fulfillment.streaming.pacing import Pace
from fulfillment.streaming.text_buffer import TextBuffer
from fulfillment.telemetry import TurnReport, log_turn
from fulfillment.testing import Context
from fulfillment.turn import Turn
from tests.fakes import FakeMemory
from tests.log_records import logged
from tests.turns import bot_of, model_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
NAMES = {"session_id": "s", "request_id": "r", "intent": "FallbackIntent"}


def written(*chunks: str, error: ValueError | None = None) -> TextBuffer:
    """Return a text of which each chunk came a tenth of a second after the one before."""
    text = TextBuffer()
    for number, chunk in enumerate(chunks):
        text.write(chunk, 100.5 + number / 10)
    text.finish(101.0, error)
    return text


def delivered(status: Status, **what: Any) -> Delivery:
    """Return a delivery of which all that counts is what became of it."""
    delivery = Delivery(RawText(), Pace(0.2), tail="reply")
    delivery.status = status
    vars(delivery).update(what)
    return delivery


REPORT = TurnReport(
    names=NAMES,
    outcome=Outcome.COMPLETED,
    started=100.0,
    ended=101.23456,
    text=written("Hello ", "there."),
    delivery=delivered(Status.STREAMED, frames=4, characters=10, first_frame_at=100.51),
    completions=(
        Completion("m", StopReason.END_TURN, 3, 5, 900, 600, 1),
        Completion("m", StopReason.END_TURN, 4, None),
    ),
)


def metrics_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = capsys.readouterr().out.splitlines()
    metrics: dict[str, Any] = json.loads(line)
    return metrics


def test_a_turn_is_one_log_line_and_one_metrics_record(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    log_turn(REPORT)
    (record,) = logged(caplog)
    assert (record.levelname, record.message, record.outcome) == ("INFO", "turn", "completed")
    assert record.total_seconds == 1.235
    assert (record.first_chunk_seconds, record.first_frame_seconds) == (0.5, 0.51)
    assert (record.characters, record.characters_streamed) == (12, 10)
    assert (record.delivery, record.frames) == ("streamed", 4)
    assert {name: getattr(record, name) for name in NAMES} == NAMES
    assert (record.models, record.stop_reasons) == (["m", "m"], ["end_turn", "end_turn"])
    assert (record.input_tokens, record.output_tokens) == (7, 5)
    assert (record.cache_read_tokens, record.cache_write_tokens) == (600, 1)
    metrics = metrics_of(capsys)
    assert (metrics["outcome"], metrics["delivery"]) == ("completed", "streamed")
    assert metrics["request_id"] == "r"
    assert (metrics["Turns"], metrics["TurnsCompleted"]) == ([1], [1])
    assert metrics["TotalSeconds"] == [pytest.approx(1.23456)]
    assert metrics["FirstChunkSeconds"] == [0.5]
    assert metrics["FirstFrameSeconds"] == [pytest.approx(0.51)]
    assert metrics["Frames"] == [4]
    assert (metrics["InputTokens"], metrics["OutputTokens"]) == ([7], [5])
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "LexStreaming"


def test_what_is_not_known_is_no_metric(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    log_turn(TurnReport(NAMES, Outcome.FAILED, 100.0, 100.1, TextBuffer()))
    (record,) = logged(caplog)
    assert (record.levelname, record.delivery) == ("ERROR", "off")
    assert record.first_chunk_seconds is record.first_frame_seconds is None
    (described,) = metrics_of(capsys)["_aws"]["CloudWatchMetrics"]
    assert {metric["Name"] for metric in described["Metrics"]} == {
        "Turns",
        "TurnsFailed",
        "TotalSeconds",
        "Frames",
        "ConnectionsGone",
        "ChannelBusy",
    }


@pytest.mark.parametrize(
    "report",
    [
        REPORT._replace(
            outcome=Outcome.INTERRUPTED, text=written("Some.", error=ValueError("secret"))
        ),
        REPORT._replace(delivery=delivered(Status.FAILED, error=ChannelError("status 500"))),
        REPORT._replace(memory_error=ValueError("secret")),
        REPORT._replace(attributes_left_out=3),
        REPORT._replace(another_api=True),
    ],
)
def test_a_failure_is_a_warning_without_foreign_words(
    caplog: pytest.LogCaptureFixture, report: TurnReport
) -> None:
    log_turn(report)
    (record,) = logged(caplog)
    assert record.levelname == "WARNING"
    assert "secret" not in str(record.__dict__)


def test_a_memory_error_is_said_beside_a_good_reply(caplog: pytest.LogCaptureFixture) -> None:
    log_turn(REPORT._replace(memory_error=ConversationTableError("AccessDeniedException")))
    (record,) = logged(caplog)
    assert record.outcome == "completed"
    assert not hasattr(record, "error")
    assert record.memory_error == {
        "error": "ConversationTableError",
        "reason": "AccessDeniedException",
    }


def test_an_answered_error_is_logged_by_its_type(caplog: pytest.LogCaptureFixture) -> None:
    """A handler for every Exception must not hide what is wrong."""
    log_turn(REPORT._replace(handled_error=ValueError("secret")))
    (record,) = logged(caplog)
    assert (record.levelname, record.outcome) == ("INFO", "completed")
    assert record.handled_error == {"error": "ValueError"}
    assert "secret" not in str(record.__dict__)


def test_nothing_that_a_turn_says_is_recorded(
    event: dict[str, Any], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    event["sessionState"]["sessionAttributes"] |= {ATTRIBUTE: "s3cret" * 5 + "xx", "a": "s3cret"}
    event["inputTranscript"] = "s3cret?"
    event["requestAttributes"] = {"b": "s3cret"}
    memory = FakeMemory({"s3cret" * 5 + "xx": [Exchange("s3cret", "s3cret")]})
    bot = bot_of("s3cret.", memory=memory, system_prompt="s3cret")

    @bot.fallback
    def answer(turn: Turn) -> Iterator[Any]:
        turn.set_slot("Size", "s3cret")
        turn.add_message("s3cret")
        turn.add_card("s3cret")
        turn.elicit_slot("Size", "s3cret")
        yield from turn.ask()
        raise ValueError("s3cret")

    bot.lambda_handler(event, Context())
    assert model_of(bot).prompts[0].messages[0].text == "s3cret"
    assert logged(caplog)[0].outcome == "interrupted"
    assert "s3cret" not in "".join(str(record.__dict__) for record in logged(caplog))
    assert "s3cret" not in "".join(capsys.readouterr())


def test_why_a_delivery_failed_is_logged_apart(caplog: pytest.LogCaptureFixture) -> None:
    error = ChannelError("status 500")
    log_turn(REPORT._replace(delivery=delivered(Status.FAILED, error=error, busy=2, gone=1)))
    (record,) = logged(caplog)
    assert (record.delivery, record.channel_busy, record.connections_gone) == ("failed", 2, 1)
    assert record.delivery_error == {"error": "ChannelError", "reason": "status 500"}
    assert not hasattr(record, "error")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "verbose"),
        ("LOG_LEVEL", ""),
        ("POWERTOOLS_LOGGER_SAMPLE_RATE", "abc"),
        ("POWERTOOLS_METRICS_DISABLED", "perhaps"),
    ],
)
def test_a_wrong_variable_of_the_log_costs_no_reply(
    name: str, value: str, load_event: Callable[[str], dict[str, Any]]
) -> None:
    code = (
        "import json, sys; from fulfillment import Bot;"
        "from fulfillment.clients import Resources;"
        "from fulfillment.settings import Settings; from fulfillment.testing import ScriptedModel;"
        "bot = Bot(resources=Resources(Settings(), ScriptedModel('Hello.')));"
        "print(json.dumps(bot.lambda_handler(json.load(sys.stdin), None)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(load_event("console_test_window")),
        env=os.environ | {name: value, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    response = json.loads(done.stdout.splitlines()[-1])
    assert response["messages"][0]["content"] == "Hello."
