"""A connection of an API Gateway WebSocket API, posted to through ``@connections``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

from fulfillment.errors import ChannelBusy, ChannelError, ConnectionGone, FrameRejected

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
ERRORS_BY_STATUS: dict[int, type[ChannelError]] = {
    403: FrameRejected,
    410: ConnectionGone,
    413: FrameRejected,
    429: ChannelBusy,
}


class ApiGatewayChannel:
    """Posts to connections.

    Args:
        client: an ``apigatewaymanagementapi`` client of the API and stage.
    """

    def __init__(self, client: ApiGatewayManagementApiClient) -> None:
        self._client = client

    def post(self, address: str, payload: str) -> None:
        """Post one frame; see :meth:`fulfillment.streaming.channel.Channel.post`."""
        try:
            self._client.post_to_connection(ConnectionId=address, Data=payload.encode())
        except ClientError as exc:
            # By status, not by class: a 410 without its error header is a plain ClientError.
            status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            raise ERRORS_BY_STATUS.get(status, ChannelError)(f"status {status}") from exc
        except (ConnectTimeoutError, EndpointConnectionError) as exc:
            raise ChannelBusy("no connection to the API") from exc
        except BotoCoreError as exc:
            raise ChannelError(type(exc).__name__) from exc
