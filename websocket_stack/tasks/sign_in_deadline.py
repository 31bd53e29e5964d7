"""Closes the connections that have not signed in by their time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from websocket_stack.tasks.connections import Connections
from websocket_stack.tasks.wiring import parts_of

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient


def close_if_unsigned(
    connection_id: str, connections: Connections, api: ApiGatewayManagementApiClient
) -> None:
    """Close a connection, unless it has signed in."""
    if not connections.find(connection_id).owner:
        try:
            api.delete_connection(ConnectionId=connection_id)
        except ClientError as exc:
            # It has closed by itself.
            if exc.response["ResponseMetadata"]["HTTPStatusCode"] != 410:
                raise


def _parts_of(environ: Mapping[str, str]) -> tuple[Connections, ApiGatewayManagementApiClient]:
    parts = parts_of(environ)
    api = parts.make_client(
        "apigatewaymanagementapi",
        region_name=parts.region,
        endpoint_url=parts.settings.endpoint,
    )
    return Connections(parts.dynamodb, parts.settings.table), api


_parts = _parts_of(os.environ) if "AWS_LAMBDA_FUNCTION_NAME" in os.environ else None


def lambda_handler(event: Mapping[str, Any], context: object) -> None:
    """Look at the connections that a batch of the queue names."""
    assert _parts is not None
    for record in event["Records"]:
        close_if_unsigned(record["body"], *_parts)
