"""Writes whose answers get lost, so that botocore sends them again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.websocket_stack.tasks.tasks_api import task_table
from websocket_stack.tasks.owners import Owners
from websocket_stack.tasks.protocol import Address
from websocket_stack.tasks.run_table import RunTable
from websocket_stack.tasks.runs import Run, State

pytestmark = pytest.mark.slow

RUN = Run(
    key="k", owner="ada", address=Address("task", "1"), digest="d", connection_id="c", detail=False
)
ENDING = {"outcome": "completed"}


class LosingAnswers:
    """A client whose writes are all sent twice, since the answer to the first got lost."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_item(self, **request: Any) -> Any:
        self._client.put_item(**request)
        return self._client.put_item(**request)

    def update_item(self, **request: Any) -> Any:
        self._client.update_item(**request)
        return self._client.update_item(**request)


@pytest.fixture
def client() -> Iterator[tuple[Any, str]]:
    with task_table() as (client, name):
        yield LosingAnswers(client), name


def test_a_run_goes_its_way_all_the_same(client: tuple[Any, str]) -> None:
    runs = RunTable(*client)

    assert runs.claim(RUN) is None
    begun = runs.begin("k", "worker", 60)
    assert begun is not None and begun.state is State.STREAMING
    assert runs.stop("k") is not None
    assert runs.end(begun, "text", ENDING)
    ended = runs.find("k")
    assert ended is not None and ended.state is State.DONE


def test_one_failure_of_a_run_counts(client: tuple[Any, str]) -> None:
    runs = RunTable(*client)
    runs.claim(RUN)

    assert runs.fail(RUN, ENDING)
    assert not runs.fail(RUN, ENDING)


def test_another_claim_finds_the_run(client: tuple[Any, str]) -> None:
    runs = RunTable(*client)
    runs.claim(RUN)
    there = runs.claim(RUN._replace(connection_id="other"))

    assert there is not None and there.connection_id == "c"
    assert runs.begin("k", "one", 60) is not None
    assert runs.begin("k", "one", 60) is None


def test_the_last_place_of_an_owner_is_taken_once(client: tuple[Any, str]) -> None:
    owners = Owners(*client, RunTable(*client), most_at_once=1, most_a_minute=100)

    owners_run = RunTable(*client).claim(RUN)
    assert owners_run is None and owners.admit(RUN)
    assert not owners.admit(RUN._replace(key="another"))
