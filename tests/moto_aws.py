"""AWS as moto has it, within the process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
from moto import mock_aws

REGION = "us-east-1"


@contextmanager
def moto_aws() -> Iterator[Callable[[str], Any]]:
    """Let clients reach moto; yield a function that makes the client of a service."""
    # A new session for each test would parse botocore's data again, a tenth of a second each.
    mock = mock_aws(config={"core": {"reset_boto3_session": False, "mock_credentials": False}})
    # The tables of a running stack are moto's too, and are left alone.
    mock.start(reset=False)
    try:
        with ExitStack() as clients:
            # The stubs know no service whose name is a variable.
            make_client: Any = session().client
            yield lambda service: clients.enter_context(closing(make_client(service)))
    finally:
        mock.stop(remove_data=False)


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
    """Return the session that all of these clients are of."""
    return boto3.Session(region_name=REGION)
