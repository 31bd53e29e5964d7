"""A FIFO queue on the way to a connection, for producers that cannot reach the API themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

from fulfillment.errors import ChannelBusy, ChannelError, FrameRejected

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html#API_SendMessage_Errors
BUSY = {"RequestThrottled", "KmsThrottled", "ThrottlingException", "TooManyRequestsException"}


class QueueChannel:
    """Sends the frames of one text to a queue, in order.

    The group keeps them in order, and texts apart. The sequence names each frame, so that one that
    is sent twice is one, and two that read the same are two.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html

    Args:
        client: an ``sqs`` client.
        queue_url: a FIFO queue without deduplication by content.
        group: a name for the text, of at most 100 letters, digits and punctuation marks.
        about: what the relay is told of the text, any JSON value.
    """

    def __init__(self, client: SQSClient, queue_url: str, group: str, about: object = None) -> None:
        self._client = client
        self._queue_url = queue_url
        self._group = group
        self._about = about
        self._sequence = 0

    def post(self, address: str, payload: str) -> None:
        """Send one frame; see :meth:`fulfillment.streaming.channel.Channel.post`."""
        message = {
            "group": self._group,
            "sequence": self._sequence,
            "connectionId": address,
            "payload": payload,
            "about": self._about,
        }
        try:
            self._client.send_message(
                QueueUrl=self._queue_url,
                MessageBody=json.dumps(message, ensure_ascii=False),
                MessageGroupId=self._group,
                MessageDeduplicationId=f"{self._group}-{self._sequence}",
            )
        except ClientError as exc:
            code = exc.response.get("Error", {}).get("Code", "")
            if code in BUSY:
                raise ChannelBusy(code) from exc
            status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            error = FrameRejected if 400 <= status < 500 else ChannelError
            raise error(f"status {status}") from exc
        except (ConnectTimeoutError, EndpointConnectionError) as exc:
            raise ChannelBusy("no connection to the queue") from exc
        except BotoCoreError as exc:
            raise ChannelError(type(exc).__name__) from exc
        self._sequence += 1
