from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from fulfillment import Bot, Notices
from fulfillment.testing import Context
from tests.log_records import logged
from tests.turns import reply_of

LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "fulfillment",
    "STREAMING_ENDPOINT": "https://abc123.execute-api.us-east-1.amazonaws.com/Prod",
    "SESSION_TABLE": "sessions",
}
# All of ours that a cold start loads. Each further one delays the first word of somebody's reply:
# what only some turns need, or only the end of one, is imported where it is needed.
LOADED = {
    "fulfillment",
    "fulfillment.assistant",
    "fulfillment.bot",
    "fulfillment.clients",
    "fulfillment.errors",
    "fulfillment.handler",
    "fulfillment.handlers",
    "fulfillment.lex",
    "fulfillment.lex.dialog_actions",
    "fulfillment.lex.events",
    "fulfillment.lex.limits",
    "fulfillment.lex.messages",
    "fulfillment.lex.session_state",
    "fulfillment.lex.web_ui_framing",
    "fulfillment.logs",
    "fulfillment.memory",
    "fulfillment.memory.base",
    "fulfillment.memory.conversation",
    "fulfillment.memory.history",
    "fulfillment.models",
    "fulfillment.models.base",
    "fulfillment.models.bedrock",
    "fulfillment.models.bedrock.converse",
    "fulfillment.models.bedrock.converse_format",
    "fulfillment.models.bedrock.event_stream",
    "fulfillment.models.bedrock.profiles",
    "fulfillment.models.fallback",
    "fulfillment.models.prompts",
    "fulfillment.models.thoughts",
    "fulfillment.models.tool_loop",
    "fulfillment.models.tries",
    "fulfillment.must_read",
    "fulfillment.notices",
    "fulfillment.router",
    "fulfillment.runner",
    "fulfillment.settings",
    "fulfillment.streaming",
    "fulfillment.streaming.channel",
    "fulfillment.streaming.deadline",
    "fulfillment.streaming.delivery",
    "fulfillment.streaming.framing",
    "fulfillment.streaming.graphemes",
    "fulfillment.streaming.pacing",
    "fulfillment.streaming.stream",
    "fulfillment.streaming.text_buffer",
    "fulfillment.streaming.threads",
    "fulfillment.text",
    "fulfillment.turn",
}


def modules_of(code: str = "import fulfillment.handler", **environ: Any) -> set[str]:
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


def ours(modules: set[str]) -> set[str]:
    return {module for module in modules if module.partition(".")[0] == "fulfillment"}


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules that a cold start of the deployed handler loads."""
    return modules_of(**LAMBDA)


def test_the_deployed_handler_is_there_to_be_called() -> None:
    from fulfillment import handler

    assert handler.lambda_handler == handler.bot.lambda_handler


@pytest.mark.slow
def test_a_cold_start_loads_these_modules_of_ours(loaded: set[str]) -> None:
    assert ours(loaded) == LOADED


@pytest.mark.parametrize(
    "module",
    [
        # 120 ms of cold start: https://docs.aws.amazon.com/powertools/python/latest/core/tracer/
        "aws_xray_sdk",
        # Loaded while the first model thinks.
        "aws_lambda_powertools",
        # Loaded while the model thinks, or where the browser is found and posted to.
        "fulfillment.telemetry",
        "fulfillment.lex.responses",
        "fulfillment.channels.session_table",
        "fulfillment.channels.api_gateway",
        "fulfillment.markdown.plain_text",
        "fulfillment.streaming.asynchronous",
        "asyncio",
        "openai",
        "starlette",
        "moto",
        "pydantic",
        "websocket_stack",
    ],
)
def test_a_cold_start_does_not_load(loaded: set[str], module: str) -> None:
    assert module not in loaded


@pytest.mark.slow
def test_a_bot_that_remembers_loads_its_table_as_well() -> None:
    modules = modules_of(**LAMBDA, CONVERSATION_TABLE="conversations")
    assert ours(modules) == LOADED | {"fulfillment.memory.dynamodb"}


def test_outside_of_lambda_nothing_is_made_early() -> None:
    modules = modules_of("import fulfillment; bot = fulfillment.Bot()")
    assert not {"boto3", "fulfillment.models.bedrock.converse"} & modules


def test_a_wrong_setting_fails_each_turn_politely(
    event: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TURN_SECONDS", "abc")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "fulfillment")
    bot = Bot()
    assert reply_of(bot.lambda_handler(event, Context())) == (Notices().failed, "Failed")
    assert [record.error for record in logged(caplog)] == ["SettingsError", "SettingsError"]
    assert all("TURN_SECONDS" in record.reason for record in logged(caplog))


def test_elsewhere_a_wrong_setting_fails_the_first_turn(
    event: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TURN_SECONDS", "abc")
    bot = Bot()
    assert logged(caplog) == []
    assert reply_of(bot.lambda_handler(event, Context())) == (Notices().failed, "Failed")
    assert [record.error for record in logged(caplog)] == ["SettingsError"]
