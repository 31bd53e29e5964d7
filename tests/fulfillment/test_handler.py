import json
import os
import subprocess
import sys

import pytest

from fulfillment import Bot, Words
from turns import Context, reply_of

LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "fulfillment",
    "STREAMING_ENDPOINT": "https://abc123.execute-api.us-east-1.amazonaws.com/Prod",
    "SESSION_TABLE": "sessions",
}
# All of ours that a cold start loads. Each further one delays the first word of somebody's reply:
# what only some turns need is imported where they need it.
LOADED = {
    "fulfillment",
    "fulfillment.lex.dialog_actions",
    "fulfillment.handlers",
    "fulfillment.bot",
    "fulfillment.models.tool_loop",
    "fulfillment.channels",
    "fulfillment.lex",
    "fulfillment.streaming",
    "fulfillment.models.bedrock",
    "fulfillment.channels.api_gateway",
    "fulfillment.channels.base",
    "fulfillment.streaming.delivery",
    "fulfillment.errors",
    "fulfillment.handler",
    "fulfillment.lex.events",
    "fulfillment.memory",
    "fulfillment.memory.conversation",
    "fulfillment.memory.base",
    "fulfillment.memory.history",
    "fulfillment.models",
    "fulfillment.models.base",
    "fulfillment.models.bedrock.converse",
    "fulfillment.models.bedrock.converse_format",
    "fulfillment.models.bedrock.event_stream",
    "fulfillment.models.bedrock.profiles",
    "fulfillment.models.fallback",
    "fulfillment.clients",
    "fulfillment.runner",
    "fulfillment.channels.session_table",
    "fulfillment.settings",
    "fulfillment.streaming.pacing",
    "fulfillment.streaming.text_buffer",
    "fulfillment.turn",
    "fulfillment.notices",
    "fulfillment.logs",
    "fulfillment.text",
}


def modules_of(code="import fulfillment.handler", **environ):
    """Return the modules that some code loads in a process of its own."""
    code = f"{code}; import json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def ours(modules):
    return {module for module in modules if module.partition(".")[0] == "fulfillment"}


@pytest.fixture(scope="module")
def loaded():
    """The modules that a cold start of the deployed handler loads."""
    return modules_of(**LAMBDA)


def test_the_deployed_handler_is_there_to_be_called():
    from fulfillment import handler

    assert handler.lambda_handler == handler.bot.lambda_handler


def test_a_cold_start_loads_these_modules_of_ours_and_no_other(loaded):
    assert ours(loaded) == LOADED


@pytest.mark.parametrize(
    "module",
    [
        # 120 ms of cold start: https://docs.aws.amazon.com/powertools/python/latest/core/tracer/
        "aws_xray_sdk",
        # Loaded while the first model thinks.
        "aws_lambda_powertools",
        "openai",
        "starlette",
        "moto",
        "pydantic",
        "websocket_stack",
    ],
)
def test_a_cold_start_loads_nothing_that_a_turn_does_not_need(loaded, module):
    assert module not in loaded


def test_a_bot_that_remembers_loads_its_table_as_well():
    modules = modules_of(**LAMBDA, CONVERSATION_TABLE="conversations")
    assert ours(modules) == LOADED | {"fulfillment.memory.dynamodb"}


def test_outside_of_lambda_nothing_is_made_before_it_is_needed():
    modules = modules_of("import fulfillment; bot = fulfillment.Bot()")
    assert not {"boto3", "fulfillment.models.bedrock.converse"} & modules


def test_a_wrong_setting_does_not_take_the_function_down(event, monkeypatch, caplog):
    monkeypatch.setenv("TURN_SECONDS", "abc")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "fulfillment")
    bot = Bot()
    assert reply_of(bot.lambda_handler(event, Context())) == (Words().failed, "Failed")
    assert [record.error for record in caplog.records] == ["SettingsError", "SettingsError"]
    assert all("TURN_SECONDS" in record.reason for record in caplog.records)


def test_outside_of_lambda_a_wrong_setting_is_said_at_the_first_turn(event, monkeypatch, caplog):
    monkeypatch.setenv("TURN_SECONDS", "abc")
    bot = Bot()
    assert caplog.records == []
    assert reply_of(bot.lambda_handler(event, Context())) == (Words().failed, "Failed")
    assert [record.error for record in caplog.records] == ["SettingsError"]
