from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from websocket_stack.tasks.connections import Connections
from websocket_stack.tasks.sign_in_deadline import close_if_unsigned


@pytest.fixture
def api() -> Iterator[Any]:
    client: Any = boto3.client(
        "apigatewaymanagementapi", region_name="us-east-1", endpoint_url="https://api.test/dev"
    )
    with Stubber(client) as stubber:
        client.stubber = stubber
        yield client
        stubber.assert_no_pending_responses()


def test_a_connection_that_has_not_signed_in_is_closed(table: tuple[Any, str], api: Any) -> None:
    api.stubber.add_response("delete_connection", {}, {"ConnectionId": "c1"})
    close_if_unsigned("c1", Connections(*table), api)


def test_one_that_has_signed_in_stays(table: tuple[Any, str], api: Any) -> None:
    connections = Connections(*table)
    connections.put("c1", "me")
    close_if_unsigned("c1", connections, api)


def test_one_that_has_closed_is_no_error(table: tuple[Any, str], api: Any) -> None:
    api.stubber.add_client_error("delete_connection", "GoneException", http_status_code=410)
    close_if_unsigned("c1", Connections(*table), api)


def test_another_failure_is(table: tuple[Any, str], api: Any) -> None:
    api.stubber.add_client_error("delete_connection", "Forbidden", http_status_code=403)
    with pytest.raises(ClientError):
        close_if_unsigned("c1", Connections(*table), api)
