"""Lambda's API as boto3 speaks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.stack_fixture import client


@pytest.fixture
def functions(stack_url: str) -> Iterator[Any]:
    with closing(client("lambda", stack_url)) as made:
        yield made


def test_an_unknown_function_has_its_own_error(functions: Any) -> None:
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.invoke(FunctionName="nothing", InvocationType="Event", Payload=b"{}")


def test_an_event_has_a_limit(functions: Any) -> None:
    payload = b'{"text": "%s"}' % (b"x" * 1024 * 1024)
    with pytest.raises(functions.exceptions.RequestTooLargeException):
        functions.invoke(FunctionName="nothing", InvocationType="Event", Payload=payload)


def test_a_synchronous_call_is_refused(functions: Any) -> None:
    with pytest.raises(functions.exceptions.InvalidParameterValueException):
        functions.invoke(FunctionName="nothing", Payload=b"{}")
