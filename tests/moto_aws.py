"""AWS as moto has it, within the process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
from moto.core.models import botocore_stubber

REGION = "us-east-1"
# moto makes a row before it looks at the condition of the write and fills the row.
_lock = threading.Lock()
_answer = botocore_stubber.process_request


def _answer_one_at_a_time(request: Any) -> Any:
    with _lock if ".dynamodb." in f".{request.url.partition('://')[2]}" else nullcontext():
        return _answer(request)


# The one of all clients, those of code under test included.
botocore_stubber.process_request = _answer_one_at_a_time  # type: ignore[method-assign]


@contextmanager
def moto_aws() -> Iterator[Callable[[str], Any]]:
    """Let boto3's clients reach moto; yield a function that makes the client of a service.

    What moto holds stays as it is: the tables of a running stack are there too. moto's own
    ``mock_aws`` takes some milliseconds, and memory for good, to answer ``requests`` as well.
    """
    was_enabled, botocore_stubber.enabled = botocore_stubber.enabled, True
    try:
        with ExitStack() as clients:
            # The stubs know no service whose name is a variable.
            make_client: Any = session().client
            yield lambda service: clients.enter_context(closing(make_client(service)))
    finally:
        botocore_stubber.enabled = was_enabled


@contextmanager
def dynamodb_table(key: str, name: str = "") -> Iterator[tuple[Any, str]]:
    """Make a table whose key is a text; yield a client and the table's name.

    Args:
        key: the attribute's name.
        name: the table's, or one of its own.
    """
    name = name or f"table-{uuid4().hex}"
    with moto_aws() as client_of:
        client = client_of("dynamodb")
        client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client, name
        client.delete_table(TableName=name)


@cache
def session() -> boto3.Session:
    """Return the session of all these clients: each new one would parse botocore's data again."""
    return boto3.Session(region_name=REGION)
