from __future__ import annotations

from typing import Any

import pytest

from fulfillment import Bot
from fulfillment.errors import RegistrationError, SettingsError
from websocket_stack.tasks import Tasks


def reply(task: Any) -> Any:
    return "Hello."


async def later(task: Any) -> Any:
    return "Hello."


def test_the_types_of_socket_llm_are_there() -> None:
    tasks = Tasks()
    assert tasks.handler_of("llm-streamer") and tasks.handler_of("llm-responder")
    assert tasks.is_whole("llm-responder") and not tasks.is_whole("llm-streamer")
    assert tasks.handler_of("other") is None


def test_a_type_may_be_answered_by_a_function_of_ones_own() -> None:
    tasks = Tasks()
    assert tasks.task("llm-streamer")(reply) is reply
    assert tasks.task("whole", whole=True)(reply) is reply
    assert tasks.handler_of("llm-streamer") is reply
    assert tasks.is_whole("whole")


@pytest.mark.parametrize("type", ["", None, 5, "message"])
def test_a_type_is_a_name(type: Any) -> None:
    with pytest.raises(RegistrationError, match="a type of task is a text"):
        Tasks().task(type)


@pytest.mark.parametrize("function", [later, None, lambda: "Hello."])
def test_what_cannot_be_a_handler_is_named(function: Any) -> None:
    with pytest.raises(RegistrationError):
        Tasks().task("t")(function)


def test_two_functions_for_a_type_are_a_mistake() -> None:
    tasks = Tasks()
    tasks.task("t")(reply)
    with pytest.raises(RegistrationError, match="two functions for 't': reply and reply"):
        tasks.task("t")(reply)


def test_messages_are_answered_by_a_bot_or_a_function() -> None:
    assert Tasks().message(reply) is reply
    with pytest.raises(RegistrationError, match="by the bot, and by reply"):
        Tasks(bot=Bot()).message(reply)


def test_a_module_may_hold_a_bot_and_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the Lambda of the one, the other needs nothing."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "fulfillment")
    monkeypatch.setenv("STREAMING_ENDPOINT", "https://api.test/Prod")
    tasks = Tasks()
    with pytest.raises(SettingsError, match="TASK_TABLE"):
        tasks.lambda_handler({}, None)
