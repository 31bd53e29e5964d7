from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fulfillment.errors import SettingsError
from fulfillment.logs import get_logger, log_failure
from tests.log_records import logged

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def run(code: str, **environ: Any) -> str:
    """Run some code in a process of its own; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout + done.stderr


def test_there_is_one_logger() -> None:
    assert get_logger() is get_logger()


def test_a_message_of_others_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    log_failure("it failed", ValueError("secret"))
    (record,) = logged(caplog)
    assert (record.levelname, record.message, record.error) == ("ERROR", "it failed", "ValueError")
    assert "secret" not in str(vars(record))


def test_a_message_of_ours_is_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    log_failure("it failed", SettingsError("TURN_SECONDS is no number"))
    assert logged(caplog)[0].reason == "TURN_SECONDS is no number"


def test_powertools_is_loaded_with_the_first_line() -> None:
    code = (
        "import sys; from fulfillment.logs import log_failure;"
        "early = 'aws_lambda_powertools' in sys.modules; log_failure('x', ValueError());"
        "print(early, 'aws_lambda_powertools' in sys.modules)"
    )
    assert "False True" in run(code)


# One thread loads Powertools for a line of the log; a second one comes to wait for it meanwhile.
RACE = """
import sys, threading
from fulfillment.logs import get_logger


def load_telemetry():
    import fulfillment.telemetry


second = threading.Thread(target=load_telemetry)


def begin_second(event, arguments):
    # The package is half loaded, and locked.
    if event == "import" and arguments[0] == "aws_lambda_powertools.logging":
        if second.ident is None:
            second.start()
            while "acquire" not in functions_of(second):
                pass


def functions_of(thread):
    frame = sys._current_frames().get(thread.ident)
    while frame is not None:
        yield frame.f_code.co_name
        frame = frame.f_back


sys.addaudithook(begin_second)
get_logger()
second.join()
print("fulfillment.telemetry" in sys.modules, type(get_logger()).__module__)
"""


def test_two_threads_load_powertools() -> None:
    assert run(RACE) == "True aws_lambda_powertools.logging.logger\n"


@pytest.mark.parametrize("level", ["verbose", ""])
def test_a_wrong_log_level_costs_no_log_line(level: str) -> None:
    code = "from fulfillment.logs import log_failure; log_failure('it failed', ValueError())"
    assert "it failed" in run(code, LOG_LEVEL=level)


def test_what_cannot_be_logged_is_not_raised() -> None:
    class Unreadable(Exception):
        @property
        def __cause__(self) -> None:  # type: ignore[override]
            raise RuntimeError

    log_failure("it failed", Unreadable())
