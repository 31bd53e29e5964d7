from __future__ import annotations

import pytest

from fulfillment.errors import SettingsError
from websocket_stack.tasks.settings import TaskSettings

NEEDED = {"TASK_TABLE": "tasks", "STREAMING_ENDPOINT": "https://api.test/dev/"}


def test_two_are_needed() -> None:
    settings = TaskSettings.from_environ(NEEDED | {"GRACE_SECONDS": " "})
    assert settings == TaskSettings("tasks", "https://api.test/dev")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TASK_TABLE", ""),
        ("STREAMING_ENDPOINT", "api.test"),
        ("SIGN_IN", "password"),
        ("SIGN_IN", "jwt"),
        ("GRACE_SECONDS", "soon"),
        ("TASKS_AT_ONCE", "0"),
        ("MESSAGE_BYTES", "200000"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match="JWT_ISSUER" if value == "jwt" else name):
        TaskSettings.from_environ(NEEDED | {name: value})
