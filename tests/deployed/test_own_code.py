"""A builder's own code stays deployed, whatever else is changed."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.deployed
BOT = """\
def lambda_handler(event, context):
    return {"from": "my bot"}
"""
ALONE = ("--template", "fulfillment")


@pytest.fixture
def own_code(tmp_path):
    (tmp_path / "my_bot.py").write_text(BOT)
    return ["--code", str(tmp_path), "--set", "Handler=my_bot.lambda_handler"]


def reply(aws, stack) -> object:
    response = aws.client("lambda").invoke(FunctionName=stack.outputs["FunctionArn"], Payload="{}")
    return json.load(response["Payload"])


def test_a_later_deploy_keeps_it(aws, stack_name, own_code):
    aws.deployed(stack_name, *ALONE, *own_code)
    stack = aws.deployed(stack_name, "--set", "RememberConversations=false")
    assert aws.environment(stack_name)["CONVERSATION_TABLE"] == ""
    assert reply(aws, stack) == {"from": "my bot"}


def test_a_handler_without_its_code_is_refused(aws, stack_name, own_code):
    status, _ = aws.deploy(stack_name, *ALONE, *own_code[2:])
    assert (status, aws.stack(stack_name)) == (1, None)


def test_back_to_the_library(aws, stack_name, own_code):
    aws.deployed(stack_name, *ALONE, *own_code)
    stack = aws.deployed(stack_name, "--set", "Handler=fulfillment.handler.lambda_handler")
    assert reply(aws, stack) != {"from": "my bot"}
