"""The environment of the chat's function."""

from __future__ import annotations

import pytest

from fulfillment.errors import SettingsError
from websocket_stack.graphql.settings import ChatSettings

NEEDED = {"TASK_TABLE": "tasks", "GRAPHQL_URL": "https://api.example/graphql"}


def test_two_are_needed() -> None:
    settings = ChatSettings.from_environ(NEEDED | {"TASKS_AT_ONCE": " "})
    assert settings == ChatSettings("tasks", "https://api.example/graphql")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TASK_TABLE", ""),
        ("GRAPHQL_URL", ""),
        ("GRAPHQL_URL", "https://api.example:70000/graphql"),
        ("TASKS_AT_ONCE", "0"),
        ("TASKS_A_MINUTE", "often"),
        ("PROMPT_CHARACTERS", "1000000"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        ChatSettings.from_environ(NEEDED | {name: value})
