"""SQS under the stack's own address, and the functions that its queues call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest

from tests.stack_fixture import client
from websocket_stack.local.functions.function import FunctionError
from websocket_stack.local.sqs import EventSourceMapping, Sqs


class Fake:
    """A function that keeps what it is called with, and answers what it is told to."""

    def __init__(self, answer: Any = None) -> None:
        self.records: list[Any] = []
        self._answer = answer

    async def invoke(self, event: Mapping[str, Any]) -> bytes:
        self.records += event["Records"]
        if isinstance(self._answer, Exception):
            raise self._answer
        failed = [each for each in event["Records"] if each["body"] == self._answer]
        failures = [{"itemIdentifier": each["messageId"]} for each in failed]
        return json.dumps({"batchItemFailures": failures} if failures else None).encode()


@pytest.fixture
def sqs() -> Sqs:
    return Sqs()


@pytest.fixture
def queue(sqs: Sqs) -> str:
    # What was received, and not deleted, can be had again at once.
    return sqs.ensure_queue(f"q-{uuid4().hex}", {"VisibilityTimeout": "0"})


def bodies(messages: list[dict[str, Any]]) -> list[str]:
    return sorted(message["Body"] for message in messages)


def test_boto3_finds_a_queue(stack_url: str, sqs: Sqs, queue: str) -> None:
    with closing(client("sqs", stack_url)) as boto3_client:
        boto3_client.send_message(QueueUrl=queue, MessageBody="Hello")

    assert bodies(sqs.receive(queue)) == ["Hello"]


@pytest.mark.anyio
async def test_a_function_is_called_with_messages(sqs: Sqs, queue: str) -> None:
    sqs.call("SendMessage", {"QueueUrl": queue, "MessageBody": "Hello"})
    function = Fake()
    mapping = EventSourceMapping(sqs, queue, function)
    await mapping.take(sqs.receive(queue))

    assert function.records[0]["body"] == "Hello"
    assert function.records[0]["eventSource"] == "aws:sqs"
    assert function.records[0]["eventSourceARN"].endswith(queue.rpartition("/")[2])
    assert sqs.receive(queue) == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answer", "left"), [("b", ["b"]), (FunctionError("KeyError"), ["a", "b"])]
)
async def test_what_failed_comes_again(
    sqs: Sqs, queue: str, answer: str | FunctionError, left: list[str]
) -> None:
    for body in "ab":
        sqs.call("SendMessage", {"QueueUrl": queue, "MessageBody": body})
    await EventSourceMapping(sqs, queue, Fake(answer)).take(sqs.receive(queue))

    assert bodies(sqs.receive(queue)) == left
