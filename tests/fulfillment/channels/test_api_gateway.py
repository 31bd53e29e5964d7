from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from fulfillment.channels.api_gateway import ApiGatewayChannel
from fulfillment.errors import ChannelBusy, ChannelError, ConnectionGone, FrameRejected
from tests import aws_stub

ENDPOINT = "https://abc123.execute-api.us-east-1.amazonaws.com/Prod"


def channel(*replies: Callable[..., Any]) -> tuple[ApiGatewayChannel, list[Any]]:
    client, sent = aws_stub.client("apigatewaymanagementapi", *replies, endpoint_url=ENDPOINT)
    return ApiGatewayChannel(client), sent


def test_a_frame_is_posted_as_its_text_to_the_connection() -> None:
    made, sent = channel(aws_stub.answered(200))
    made.post("L0SM9cOFvHcCIhw=", "grüezi")
    assert sent[0].url == f"{ENDPOINT}/@connections/L0SM9cOFvHcCIhw%3D"
    assert sent[0].method == "POST"
    assert sent[0].body == "grüezi".encode()


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (aws_stub.refused(410, "GoneException"), ConnectionGone),
        (aws_stub.refused(410), ConnectionGone),
        (aws_stub.refused(429, "LimitExceededException"), ChannelBusy),
        (aws_stub.refused(403, "ForbiddenException"), FrameRejected),
        (aws_stub.refused(413, "PayloadTooLargeException"), FrameRejected),
        (aws_stub.refused(500), ChannelError),
        (aws_stub.raised(ReadTimeoutError(endpoint_url=ENDPOINT)), ChannelError),
        (aws_stub.raised(ConnectionClosedError(endpoint_url=ENDPOINT)), ChannelError),
        (aws_stub.raised(ConnectTimeoutError(endpoint_url=ENDPOINT)), ChannelBusy),
        (aws_stub.raised(EndpointConnectionError(endpoint_url=ENDPOINT)), ChannelBusy),
    ],
)
def test_a_failed_post_says_whether_the_frame_may_have_arrived(
    reply: Callable[..., Any], expected: type[ChannelError]
) -> None:
    made, _ = channel(reply)
    with pytest.raises(ChannelError) as caught:
        made.post("c=", "text")
    assert type(caught.value) is expected
    assert "abc123" not in str(caught.value)
