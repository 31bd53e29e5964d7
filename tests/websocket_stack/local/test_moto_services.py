"""Services of moto, called from within the process."""

from __future__ import annotations

import pytest

from websocket_stack.local.moto_services import MotoService

pytestmark = pytest.mark.slow


def test_a_refused_call_is_an_error() -> None:
    service = MotoService("sqs", "AmazonSQS")
    with pytest.raises(RuntimeError, match="^GetQueueUrl answered 400$"):
        service.call("GetQueueUrl", {"QueueName": "nothing"})
    service.call("GetQueueUrl", {"QueueName": "nothing"}, ignore="QueueDoesNotExist")
