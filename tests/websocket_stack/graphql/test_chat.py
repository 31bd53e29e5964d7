"""The Lambda of a chat, as its runtime loads it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from tests.documents import ROOT
from websocket_stack.cloudformation.graphql_functions import CHAT

pytestmark = pytest.mark.slow

AWS = {
    "AWS_LAMBDA_FUNCTION_NAME": "chat",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}
SETTINGS = {"TASK_TABLE": "chats", "GRAPHQL_URL": "https://api.example/graphql"}


def loaded(further: Any = "", **environ: Any) -> Any:
    """Load the template's handler in a process of its own."""
    module, _, function = CHAT.rpartition(".")
    code = f"from {module} import {function}\n{further}"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=AWS | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_table_and_api_are_all_that_it_has_to_be_told() -> None:
    assert loaded(**SETTINGS).returncode == 0


def test_a_module_with_a_chat_is_loaded_by_other_functions_too() -> None:
    assert loaded().returncode == 0


def test_what_it_is_not_told_is_named() -> None:
    asked = loaded("lambda_handler({}, None)", TASK_TABLE="chats")
    assert "GRAPHQL_URL is not set" in asked.stderr
