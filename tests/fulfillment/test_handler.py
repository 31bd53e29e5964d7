import json
import subprocess
import sys

import pytest

from fulfillment import Bot, Words
from turns import Context, reply_of


def test_a_wrong_setting_does_not_take_the_function_down(event, monkeypatch, caplog):
    monkeypatch.setenv("TURN_SECONDS", "abc")
    bot = Bot()
    assert reply_of(bot.lambda_handler(event, Context())) == (Words().failed, "Failed")
    assert [record.error for record in caplog.records] == ["SettingsError", "SettingsError"]
    assert all("TURN_SECONDS" in record.reason for record in caplog.records)


@pytest.fixture(scope="module")
def loaded():
    """The modules that a cold start of the deployed handler loads."""
    code = "import fulfillment.handler, json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_deployed_handler_is_there_to_be_called(loaded):
    assert "fulfillment.handler" in loaded
    from fulfillment import handler

    assert handler.lambda_handler == handler.bot.lambda_handler


@pytest.mark.parametrize(
    "module",
    [
        # 120 ms of cold start: https://docs.aws.amazon.com/powertools/python/latest/core/tracer/
        "aws_xray_sdk",
        "openai",
        "starlette",
        "moto",
        "pydantic",
        "fulfillment.models.openai_compatible",
        "websocket_stack",
    ],
)
def test_a_cold_start_loads_nothing_that_a_turn_does_not_need(loaded, module):
    assert module not in loaded
