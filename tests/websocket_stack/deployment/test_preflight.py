"""What would fail late is found first."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.websocket_stack.deployment.cloudformation_fakes import refusal
from tests.websocket_stack.deployment.source_trees import failure
from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment import preflight

pytestmark = pytest.mark.slow

BOT = {"CreateBot": "true", "BotLocaleId": "en_US"}


def check(name: str, values: dict[str, str], previous: dict[str, str] | None = None) -> None:
    preflight.check(name, values, previous or {}, is_nested=True)


@pytest.mark.parametrize("name", ["my--bot", "bot-", "b" * 66])
def test_names_that_no_bot_can_have(name: str) -> None:
    assert "a Lex bot cannot be called" in failure(check, name, BOT)
    check(name, BOT | {"CreateBot": "false"})


@pytest.mark.parametrize("name", ["my-bot", "b" * 64])
def test_names_that_a_bot_can_have(name: str) -> None:
    check(name, BOT)


@pytest.mark.parametrize("name", ["my_bot", "my bot!", "1st", "b" * 129])
def test_names_that_no_stack_can_have(name: str) -> None:
    assert "a stack cannot be called" in failure(preflight.check_name, name)


@pytest.mark.parametrize("name", ["b" * 128, "arn:aws:cloudformation:eu-west-1:1:stack/a/b"])
def test_names_that_a_stack_can_have(name: str) -> None:
    preflight.check_name(name)


def test_a_bots_locale_stays() -> None:
    german = BOT | {"BotLocaleId": "de_DE"}
    assert "the bot's locale stays en_US" in failure(check, "bot", german, BOT)
    check("bot", german)
    check("bot", BOT, BOT)
    check("bot", german, BOT | {"CreateBot": "false"})


def test_texts_have_to_fit_into_the_environment() -> None:
    check("bot", {"SystemPrompt": "a" * 2000})
    message = failure(check, "bot", {"SystemPrompt": "日" * 1000, "WaitingText": "…"})
    assert "have 3003 bytes in UTF-8" in message


class Bedrock:
    """Answers each question with an error, if there is one."""

    region_name = "eu-west-1"

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error
        self.asked: list[str] = []

    def client(self, service: str, **options: Any) -> Bedrock:
        return self

    def converse(self, modelId: str, **request: Any) -> None:
        self.asked.append(modelId)
        if self._error:
            raise self._error

    def get_partition_for_region(self, region: str) -> str:
        return "aws"

    def get_available_regions(self, service: str, partition: str) -> list[str]:
        return boto3.Session().get_available_regions(service, partition)


def warnings(session: Any, **previous: str) -> list[str]:
    return preflight.warnings(session, {"ModelId": "haiku", "CreateBot": "false"}, previous)


def test_the_model_is_asked_once() -> None:
    bedrock = Bedrock()
    assert warnings(bedrock) == []
    assert warnings(bedrock, ModelId="haiku") == []
    assert bedrock.asked == ["haiku"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (refusal("no", "AccessDeniedException"), "model haiku: you may not ask it"),
        (refusal("no such\nmodel", "ValidationException"), "ValidationException: no such model"),
    ],
)
def test_a_model_that_refuses_is_said(error: ClientError, message: str) -> None:
    (warning,) = warnings(Bedrock(error))
    assert message in warning


def test_a_region_without_lex_is_said() -> None:
    bedrock = Bedrock()
    bedrock.region_name = "eu-north-1"
    (warning,) = warnings(bedrock)
    assert "Amazon Lex may not be in eu-north-1" in warning


def test_socket_tasks_need_no_lex() -> None:
    bedrock = Bedrock()
    bedrock.region_name = "eu-north-1"
    assert preflight.warnings(bedrock, {"ModelId": "haiku"}, {}) == []  # type: ignore[arg-type]


def test_a_template_without_a_model_asks_none() -> None:
    assert preflight.warnings(Bedrock(CommandFailed()), {}, {}) == []  # type: ignore[arg-type]
