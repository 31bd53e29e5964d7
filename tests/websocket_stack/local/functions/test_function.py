"""Lambda functions in this process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from typing import Any

import pytest

from tests.fakes import FakeClock
from websocket_stack.local.functions.function import Function, FunctionError, LambdaContext

HANDLERS = "tests.websocket_stack.local.handlers"


def invoke(handler: str, event: Any = None, environment: dict[str, str] | None = None) -> Any:
    function = Function("tested", handler, environment or {})
    return json.loads(asyncio.run(function.invoke({} if event is None else event)))


def test_event_and_response_go_through_json() -> None:
    event = {"text": "Grüß Gott 👋", "numbers": [1, 2.5, None, True]}

    assert invoke(f"{HANDLERS}.echo", event) == event


def test_a_handler_shares_no_object_with_its_caller() -> None:
    event = {"text": "hello"}
    invoke(f"{HANDLERS}.change_event", event)

    assert event == {"text": "hello"}


def test_the_response_is_not_escaped() -> None:
    response = asyncio.run(Function("tested", f"{HANDLERS}.echo", {}).invoke({"text": "é"}))

    assert response == '{"text": "é"}'.encode()


def test_a_handler_is_imported_under_its_environment() -> None:
    before = dict(os.environ)
    seen = invoke(f"{HANDLERS}.environment", environment={"ONLY": "this"})

    # By its own name a module knows that it is in Lambda.
    assert seen["at_import"] == {"ONLY": "this", "AWS_LAMBDA_FUNCTION_NAME": "tested"}
    assert seen["at_call"] == dict(os.environ) == before


def test_the_callers_function_name_does_not_count() -> None:
    seen = invoke(f"{HANDLERS}.environment", environment={"AWS_LAMBDA_FUNCTION_NAME": "of-caller"})

    assert seen["at_import"]["AWS_LAMBDA_FUNCTION_NAME"] == "tested"


def test_a_bot_stands_for_its_handler() -> None:
    environment = {"AWS_DEFAULT_REGION": "us-east-1"}
    by_bot, by_handler = (
        invoke(f"fulfillment.handler.{name}", {"messageVersion": "1.0"}, environment)
        for name in ("bot", "lambda_handler")
    )

    assert by_bot == by_handler
    assert by_bot["sessionState"]["dialogAction"] == {"type": "Close"}


def test_a_loaded_bot_is_ready() -> None:
    Function("tested", "fulfillment.handler.bot", {"AWS_DEFAULT_REGION": "us-east-1"})

    assert "resources" in vars(sys.modules["fulfillment.handler"].bot)


def test_each_function_imports_its_module_afresh() -> None:
    first = Function("one", f"{HANDLERS}.environment", {"NAME": "one"})
    second = Function("two", f"{HANDLERS}.environment", {"NAME": "two"})
    names = [
        json.loads(asyncio.run(function.invoke({})))["at_import"]["NAME"]
        for function in (first, second)
    ]

    assert names == ["one", "two"]


def test_a_failed_import_restores_the_environment() -> None:
    before = dict(os.environ)

    with pytest.raises(ModuleNotFoundError):
        Function("tested", "no_such_module.handler", {"ONLY": "this"})
    with pytest.raises(AttributeError):
        Function("tested", f"{HANDLERS}.no_such_handler", {"ONLY": "this"})
    with pytest.raises(TypeError, match="^released is neither a Bot nor a handler$"):
        Function("tested", f"{HANDLERS}.released", {"ONLY": "this"})
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("raise_error", "LookupError"),
        ("not_json", "TypeError"),
        ("lone_surrogate", "UnicodeEncodeError"),
    ],
)
def test_a_failure_is_reported_by_its_type_alone(handler: str, kind: str) -> None:
    with pytest.raises(FunctionError) as failed:
        invoke(f"{HANDLERS}.{handler}")
    assert str(failed.value) == kind


@pytest.mark.anyio
async def test_calls_run_at_the_same_time() -> None:
    """A call that was given up goes on, too."""
    slow = Function("slow", f"{HANDLERS}.wait", {})
    loaded = sys.modules[HANDLERS]  # the copy that it imported
    quick = Function("quick", f"{HANDLERS}.echo", {})
    try:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(slow.invoke({}), 0.05)
        assert loaded.finished == []
        call = asyncio.create_task(slow.invoke({}))
        assert await quick.invoke({"a": 1}) == b'{"a": 1}'
        assert not call.done()
    finally:
        loaded.released.set()
    assert json.loads(await call)["messages"][0]["content"] == "late"


def test_the_context_is_that_of_lambda() -> None:
    context = invoke(f"{HANDLERS}.context_of_call")

    assert uuid.UUID(context["request_id"])
    assert context["name"] == "tested"
    assert context["arn"] == "arn:aws:lambda:us-east-1:000000000000:function:tested"
    assert 29_000 < context["remaining"] <= 30_000


def test_the_remaining_time_runs_out() -> None:
    clock = FakeClock(100.0)
    context = LambdaContext("tested", 3, clock)
    seen = []
    for _ in range(3):
        seen.append(context.get_remaining_time_in_millis())
        clock.advance(1.75)

    assert seen == [3000, 1250, 0]


def test_the_handlers_of_the_project_load() -> None:
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "SESSION_TABLE": "sessions"}
    for handler in ("fulfillment.handler", "websocket_stack.registration"):
        Function("tested", f"{handler}.lambda_handler", environment)
        assert handler in sys.modules
