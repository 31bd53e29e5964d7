"""A deployed API of socket tasks, as its clients see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.deployed.emulated_account import EmulatedAccount
from tests.deployed.parameter_values import settings
from tests.stack_fixture import ENDLESS, QUESTION
from tests.task_clients import EXCHANGES

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
