"""The functions of socket tasks and of the GraphQL chat that ask no model."""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest

from tests.websocket_stack.cloudformation import graphql_stack, tasks_stack

TASKS = tasks_stack.evaluated(**tasks_stack.JWT, **tasks_stack.RELAYED)
CHAT = graphql_stack.evaluated(**graphql_stack.AT_ONCE)
FUNCTIONS = [
    pytest.param(stack.properties(title), id=f"{name} {title}")
    for name, stack in (("tasks", TASKS), ("chat", CHAT))
    for title in stack.of_type("AWS::Lambda::Function")
]


@pytest.fixture(autouse=True)
def _not_in_lambda() -> None:
    assert "AWS_LAMBDA_FUNCTION_NAME" not in os.environ


@pytest.mark.parametrize("properties", FUNCTIONS)
def test_the_handler_is_there(properties: dict[str, Any]) -> None:
    module, _, function = properties["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))
    assert properties["Code"] == {"S3Bucket": "artifacts", "S3Key": "code/0123abcd.zip"}


def test_a_function_that_is_not_there_has_no_role_and_no_log() -> None:
    left_out = TASKS.resources.keys() - tasks_stack.evaluated().resources.keys()
    for title in ("SignInDeadline", "Relay"):
        assert {title, f"{title}Role", f"{title}Log"} <= left_out
