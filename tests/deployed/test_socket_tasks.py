"""A deployed API of socket tasks, as its clients see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.deployed.emulated_account import EmulatedAccount
from tests.deployed.parameter_values import settings
from tests.stack_fixture import ENDLESS, QUESTION
from tests.task_clients import EXCHANGES, read_tasks, submit
from websocket_stack.cloudformation.failed_events import EVENT_SECONDS

pytestmark = pytest.mark.deployed
ANYONE = ("--template", "socket-tasks", *settings({"SignIn": "NONE"}))


@pytest.fixture(scope="module", params=["posted", "relayed"])
def stack(aws: EmulatedAccount, request: pytest.FixtureRequest) -> Iterator[Any]:
    """An API whose frames the worker posts, and one whose frames go through a queue."""
    name = f"tasks-{request.param}"
    relays = str(request.param == "relayed").lower()
    yield aws.deployed(name, *ANYONE, *settings({"RelayFrames": relays}))
    status, lines = aws.deploy(name, "--delete")
    assert status == 0, lines


@pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)
def test_clients_of_older_systems_go_on_as_before(
    aws: EmulatedAccount, stack: Any, exchange: Callable[..., None]
) -> None:
    exchange(lambda: aws.open_socket(stack.outputs["WebSocketEndpoint"]))


def test_a_task_that_no_worker_takes_is_told(aws: Any, stack: Any) -> None:
    """Lambda keeps its event for a minute; MiniStack gives it up at once."""
    functions, worker = aws.client("lambda"), aws.resources(stack.name)["Worker"]
    events = functions.get_function_event_invoke_config(FunctionName=worker, Qualifier="live")
    assert events["MaximumEventAgeInSeconds"] == EVENT_SECONDS
    functions.put_function_concurrency(FunctionName=worker, ReservedConcurrentExecutions=0)
    try:
        with aws.open_socket(stack.outputs["WebSocketEndpoint"]) as socket:
            submit(socket, "1", "llm-streamer", question=QUESTION)
            assert read_tasks(socket, "1")["1"].error == "Failed"
    finally:
        functions.delete_function_concurrency(FunctionName=worker)


def test_smoke(aws: Any, stack: Any) -> None:
    question = ("--question", QUESTION, "--long-question", ENDLESS)
    status, lines = aws.smoke("--stack", stack.name, *question)
    assert status == 0, "\n".join(lines)
    assert sum(line.startswith("ok") for line in lines) >= 8


def test_smoke_signs(aws: Any, stack_name: Any) -> None:
    """What signs is let in, and what does not is refused."""
    aws.deployed(stack_name, "--template", "socket-tasks")
    status, lines = aws.smoke("--stack", stack_name, "--question", QUESTION)
    assert status == 0, "\n".join(lines)
    assert [line for line in lines if line.startswith("ok       unsigned connect")]
