from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ConnectTimeoutError, ReadTimeoutError
from botocore.stub import Stubber

from fulfillment.channels.sqs import QueueChannel
from fulfillment.errors import ChannelBusy, ChannelError, FrameRejected
from tests import aws_stub
from tests.moto_aws import moto_aws


@pytest.fixture
def queue() -> Iterator[tuple[Any, str]]:
    with moto_aws() as client_of:
        client = client_of("sqs")
        url = client.create_queue(QueueName="relay.fifo", Attributes={"FifoQueue": "true"})[
            "QueueUrl"
        ]
        yield client, url
        client.delete_queue(QueueUrl=url)


def received(client: Any, url: str) -> list[dict[str, Any]]:
    messages = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


def test_frames_are_sent_in_order_equal_ones_too(queue: tuple[Any, str]) -> None:
    channel = QueueChannel(*queue, "run-1", ["task", "1"])
    for payload in ("ha", "ha", "ü"):
        channel.post("c1=", payload)
    messages = received(*queue)
    assert [message["payload"] for message in messages] == ["ha", "ha", "ü"]
    assert [message["sequence"] for message in messages] == [0, 1, 2]
    assert messages[0]["connectionId"] == "c1="
    assert messages[0]["about"] == ["task", "1"]


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("RequestThrottled", 403, ChannelBusy),
        ("KmsThrottled", 400, ChannelBusy),
        ("QueueDoesNotExist", 400, FrameRejected),
        ("InternalError", 500, ChannelError),
    ],
)
def test_an_answer_of_the_queue_is_one_of_our_errors(
    queue: tuple[Any, str], code: str, status: int, error: type[ChannelError]
) -> None:
    client, url = queue
    with Stubber(client) as stubber:
        stubber.add_client_error("send_message", code, http_status_code=status)
        with pytest.raises(error) as raised:
            QueueChannel(client, url, "run-1").post("c1", "a")
    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (ConnectTimeoutError(endpoint_url="https://sqs.test"), ChannelBusy),
        (ReadTimeoutError(endpoint_url="https://sqs.test"), ChannelError),
    ],
)
def test_a_broken_connection_is_one_of_our_errors(
    failure: BotoCoreError, error: type[ChannelError]
) -> None:
    client, _ = aws_stub.client("sqs", aws_stub.raised(failure))
    with pytest.raises(error) as raised:
        QueueChannel(client, "https://sqs.test/relay.fifo", "run-1").post("c1", "a")
    assert type(raised.value) is error


def test_a_frame_that_was_refused_is_sent_again_as_the_same(queue: tuple[Any, str]) -> None:
    client, url = queue
    channel = QueueChannel(client, url, "run-1")
    with Stubber(client) as stubber:
        stubber.add_client_error("send_message", "RequestThrottled", http_status_code=403)
        with pytest.raises(ChannelBusy):
            channel.post("c1", "a")
    channel.post("c1", "ab")
    assert [message["sequence"] for message in received(client, url)] == [0]
