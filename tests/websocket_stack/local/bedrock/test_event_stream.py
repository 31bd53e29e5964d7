"""The event stream, read back with botocore's own reader."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

from websocket_stack.local.bedrock import event_stream


def read(data: bytes, step: int | None = None) -> list[tuple[Any, object]]:
    """Return headers and payload of each message, fed so many bytes at a time."""
    buffer: Any = EventStreamBuffer()
    messages = []
    for start in range(0, len(data), step or len(data)):
        buffer.add_data(data[start : start + (step or len(data))])
        messages += [(each.headers, json.loads(each.payload)) for each in buffer]
    return messages


def test_an_event_has_its_type_and_its_payload() -> None:
    assert read(event_stream.event("messageStart", {"role": "assistant"})) == [
        (
            {
                ":message-type": "event",
                ":event-type": "messageStart",
                ":content-type": "application/json",
            },
            {"role": "assistant"},
        )
    ]


def test_an_exception_has_type_message_and_members() -> None:
    data = event_stream.exception("modelStreamErrorException", "It broke.", originalStatusCode=500)

    assert read(data) == [
        (
            {
                ":message-type": "exception",
                ":exception-type": "modelStreamErrorException",
                ":content-type": "application/json",
            },
            {"message": "It broke.", "originalStatusCode": 500},
        )
    ]


@pytest.mark.parametrize("step", [1, 7, 4096])
def test_messages_are_read_one_after_the_other(step: int) -> None:
    payloads = [{"text": "Grüß Gott 👋"}, {}, {"text": "x" * 5000}]
    data = b"".join(event_stream.event("chunk", payload) for payload in payloads)

    assert [payload for _, payload in read(data, step)] == payloads


@pytest.mark.parametrize("position", [2, 9, 20, -40, -1])
def test_a_corrupt_byte_is_noticed(position: int) -> None:
    data = bytearray(event_stream.event("messageStart", {"role": "assistant" * 9}))
    data[position] ^= 0x01

    with pytest.raises(ChecksumMismatch):
        read(bytes(data))


def test_a_message_that_is_cut_short_is_not_read() -> None:
    assert read(event_stream.event("messageStart", {"role": "assistant"})[:-1]) == []
