"""A task table and an API on it, for their tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.websocket_stack.tasks.tasks_api import Api, task_table


@pytest.fixture
def table() -> Iterator[tuple[Any, str]]:
    """Return a client, and a task table."""
    with task_table() as made:
        yield made


@pytest.fixture(scope="module")
def module_table() -> Iterator[tuple[Any, str]]:
    """Return a client, and a task table that the tests of a module share."""
    with task_table() as made:
        yield made


@pytest.fixture
def make_api(table: tuple[Any, str]) -> Callable[..., Api]:
    """Return a function that makes a tasks API."""
    return lambda *args, **options: Api(*table, *args, **options)
