"""A running stack, and boto3 clients of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.stack_fixture import client, running_stack


@pytest.fixture(scope="session")
def stack_url() -> Iterator[str]:
    """The origin of a running stack as it comes."""
    with running_stack() as origin:
        yield origin


@pytest.fixture(scope="session")
def odd_stack_url() -> Iterator[str]:
    """The origin of a stack whose fulfillment does what the utterance says (handlers.py)."""
    with running_stack(fulfillment="tests.websocket_stack.local.handlers.by_utterance") as origin:
        yield origin


@pytest.fixture(scope="session")
def connections(stack_url: str) -> Iterator[Any]:
    """An ``apigatewaymanagementapi`` client."""
    with closing(client("apigatewaymanagementapi", f"{stack_url}/Prod")) as boto3_client:
        yield boto3_client


@pytest.fixture(scope="session")
def lex(stack_url: str) -> Iterator[Any]:
    """A ``lexv2-runtime`` client."""
    with closing(client("lexv2-runtime", stack_url)) as boto3_client:
        yield boto3_client


@pytest.fixture(scope="session")
def odd_lex(odd_stack_url: str) -> Iterator[Any]:
    """A ``lexv2-runtime`` client of the stack with the odd fulfillment."""
    with closing(client("lexv2-runtime", odd_stack_url)) as boto3_client:
        yield boto3_client


@pytest.fixture(scope="session")
def bedrock(stack_url: str) -> Iterator[Any]:
    """A ``bedrock-runtime`` client."""
    with closing(client("bedrock-runtime", stack_url)) as boto3_client:
        yield boto3_client


@pytest.fixture(scope="session")
def dynamodb(stack_url: str) -> Iterator[Any]:
    """A ``dynamodb`` client."""
    with closing(client("dynamodb", stack_url)) as boto3_client:
        yield boto3_client


@pytest.fixture
def anyio_backend() -> str:
    """What runs the tests that are marked ``anyio``."""
    return "asyncio"
