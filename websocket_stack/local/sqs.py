"""SQS, from moto, and the functions that its queues call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import anyio.to_thread

from websocket_stack.local.aws_json import REGION
from websocket_stack.local.functions.function import FunctionError, Invocable
from websocket_stack.local.moto_services import MotoService

TARGET = "AmazonSQS"
MAX_BATCH = 10
POLL_SECONDS = 0.1


class Sqs(MotoService):
    """moto's SQS. Its queues live as long as this process."""

    def __init__(self) -> None:
        super().__init__("sqs", TARGET)

    def ensure_queue(self, name: str, attributes: Mapping[str, str] | None = None) -> str:
        """Create a queue unless it exists; return its URL."""
        request = {"QueueName": name, "Attributes": attributes or {}}
        url: str = self.call("CreateQueue", request)["QueueUrl"]
        return url

    def receive(self, url: str) -> list[dict[str, Any]]:
        """Return the messages of a queue that can be had now, at most a batch."""
        request = {
            "QueueUrl": url,
            "MaxNumberOfMessages": MAX_BATCH,
            "WaitTimeSeconds": 0,
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        }
        messages: list[dict[str, Any]] = self.call("ReceiveMessage", request).get("Messages", [])
        return messages

    def delete(self, url: str, receipt_handle: str) -> None:
        """Delete a message that was received."""
        self.call("DeleteMessage", {"QueueUrl": url, "ReceiptHandle": receipt_handle})


class EventSourceMapping:
    """Calls a function with the messages of a queue, as Lambda does.

    What the function fails at, or reports as failed, comes again after the queue's visibility
    timeout. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html

    Args:
        sqs: the queues.
        url: the queue.
        function: the function.
    """

    def __init__(self, sqs: Sqs, url: str, function: Invocable) -> None:
        self._sqs = sqs
        self._url = url
        self._function = function

    async def poll(self) -> None:
        """Call the function with each batch, until cancelled."""
        while True:
            messages = await anyio.to_thread.run_sync(self._sqs.receive, self._url)
            if messages:
                await self.take(messages)
            else:
                await asyncio.sleep(POLL_SECONDS)

    async def take(self, messages: list[dict[str, Any]]) -> None:
        """Call the function with a batch, and delete what it is done with."""
        records = [self._record(message) for message in messages]
        try:
            response = json.loads(await self._function.invoke({"Records": records}))
        except FunctionError:
            return
        failures = (response or {}).get("batchItemFailures", [])
        failed = {failure["itemIdentifier"] for failure in failures}
        for message in messages:
            if message["MessageId"] not in failed:
                await anyio.to_thread.run_sync(
                    self._sqs.delete, self._url, message["ReceiptHandle"]
                )

    def _record(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return a message as https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html has it."""
        account, name = self._url.split("/")[-2:]
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:{account}:{name}",
            "awsRegion": REGION,
        }
