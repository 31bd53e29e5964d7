from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from websocket_stack.local.functions.function import Invocable, handler_of
from websocket_stack.local.journal.journal import Journal
from websocket_stack.local.journal.watching import Observer
from websocket_stack.local.services import Services

pytestmark = pytest.mark.slow

# It reads its environment as it is loaded, as Lambda functions do.
SOURCE = """
import os

TABLE = os.environ["TABLE"]


def answer(event, context):
    return ["{name}", TABLE, context.get_remaining_time_in_millis() // 10_000]


handler = answer
"""


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("ours_of_services", "builders_of_services"):
        (tmp_path / f"{name}.py").write_text(SOURCE.format(name=name.partition("_")[0]))
    unused: Any = None
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "TABLE": "all"}
    return Services("http://127.0.0.1", environment, unused, unused, Observer(Journal()))


def invoked(function: Invocable) -> Any:
    return json.loads(asyncio.run(function.invoke({})))


@pytest.mark.parametrize(
    ("builders", "answer"),
    [(None, "ours"), ("", "ours"), ("builders_of_services:handler", "builders")],
)
def test_a_builders_function_answers_in_the_place_of_ours(
    services: Services, builders: str | None, answer: str
) -> None:
    services = services.with_variables({"TABLE": "the door's"})
    function = services.answering_function("door", "ours_of_services.handler", builders, seconds=55)
    assert invoked(function) == [answer, "the door's", 5]
    (invocation,) = services.observer.journal.since(0)
    assert invocation.function == "door"


def test_what_a_builder_has_is_made_a_handler(services: Services) -> None:
    def adapt(handler: Any) -> Callable[[Any, Any], Any]:
        return lambda event, context: ["adapted", *handler_of(handler)(event, context)[:1]]

    builders = "builders_of_services:handler"
    function = services.answering_function("door", "no.handler", builders, adapt=adapt)
    assert invoked(function) == ["adapted", "builders"]
