"""A builder's own code stays deployed, whatever else is changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.deployed.emulated_account import EmulatedAccount

pytestmark = pytest.mark.deployed
BOT = """\
def lambda_handler(event, context):
    return {"from": "my bot"}
"""
ALONE = ("--template", "fulfillment")


@pytest.fixture
def own_code(tmp_path: Path) -> Any:
    (tmp_path / "my_bot.py").write_text(BOT)
    return ["--code", str(tmp_path), "--set", "Handler=my_bot.lambda_handler"]


def reply(aws: Any, stack: Any) -> object:
    response = aws.client("lambda").invoke(FunctionName=stack.outputs["FunctionArn"], Payload="{}")
    return json.load(response["Payload"])


def test_a_later_deploy_keeps_it(aws: EmulatedAccount, stack_name: str, own_code: Any) -> None:
    aws.deployed(stack_name, *ALONE, *own_code)
    stack = aws.deployed(stack_name, "--set", "RememberConversations=false")
    assert aws.environment(stack_name)["CONVERSATION_TABLE"] == ""
    assert reply(aws, stack) == {"from": "my bot"}


def test_a_handler_without_its_code_is_refused(
    aws: EmulatedAccount, stack_name: str, own_code: Any
) -> None:
    status, _ = aws.deploy(stack_name, *ALONE, *own_code[2:])
    assert (status, aws.stack(stack_name)) == (1, None)


def test_back_to_the_library(aws: EmulatedAccount, stack_name: str, own_code: Any) -> None:
    aws.deployed(stack_name, *ALONE, *own_code)
    stack = aws.deployed(stack_name, "--set", "Handler=fulfillment.handler.lambda_handler")
    assert reply(aws, stack) != {"from": "my bot"}
