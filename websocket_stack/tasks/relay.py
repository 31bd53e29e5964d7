"""The ordered relay: posts the frames that producers sent to a FIFO queue.

A queue may bring a frame twice, or give it to a dead-letter queue and bring its later ones. So the
last frame of each text is kept, and claimed before it is posted: no frame is posted twice, and a
gap is reported and ends the text.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from fulfillment.errors import ChannelBusy, ChannelError, ConnectionGone
from fulfillment.streaming.channel import Channel
from websocket_stack.tasks.frame_format import INCOMPLETE, refusal
from websocket_stack.tasks.posting import PAUSES_SECONDS, post_all
from websocket_stack.tasks.protocol import Address
from websocket_stack.tasks.run_table import KEPT_SECONDS
from websocket_stack.tasks.runs import number
from websocket_stack.tasks.wiring import Parts, parts_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Frame(NamedTuple):
    """A frame as the queue has it.

    Attributes:
        group: the text that it belongs to.
        sequence: its place in that, from 0.
        connection_id: where it goes.
        payload: what is posted.
        about: which task or message it is about.
    """

    group: str
    sequence: int
    connection_id: str
    payload: str
    about: Address

    @classmethod
    def of(cls, body: str) -> Frame:
        """Return the frame of a message's body."""
        message = json.loads(body)
        return cls(
            message["group"],
            message["sequence"],
            message["connectionId"],
            message["payload"],
            Address(*message["about"]),
        )


class Relay:
    """Posts frames in order, each at most once.

    Args:
        client: a ``dynamodb`` client.
        table: the task table.
        channel: the connections of the API.
        sleep: waits so many seconds.
        now: the wall clock, in epoch seconds.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        channel: Channel,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._table = table
        self._channel = channel
        self._sleep = sleep
        self._now = now

    def post_batch(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """Post a batch of the queue; return which messages it has to bring again."""
        failed: list[str] = []
        stuck: set[str] = set()
        for record in event["Records"]:
            frame = Frame.of(record["body"])
            # What comes after a frame that has to wait must wait too.
            if frame.group in stuck or not self._post(frame):
                stuck.add(frame.group)
                failed.append(record["messageId"])
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}

    def end(self, group: str) -> None:
        """Post no more of a text."""
        self._client.update_item(
            TableName=self._table,
            Key=_key(group),
            UpdateExpression="SET ended = :true, expiresAt = :expiresAt",
            ExpressionAttributeValues={
                ":true": {"BOOL": True},
                ":expiresAt": number(self._now() + KEPT_SECONDS),
            },
        )

    def _post(self, frame: Frame) -> bool:
        """Post a frame, unless it was; return whether it is done with."""
        if not self._claim(frame):
            self._skip(frame)
            return True
        for pause in (*PAUSES_SECONDS, None):
            try:
                self._channel.post(frame.connection_id, frame.payload)
            except ChannelBusy:
                if pause is None:
                    self._set_last(frame, frame.sequence - 1)
                    return False
                self._sleep(pause)
            except ConnectionGone:
                self.end(frame.group)
                return True
            except ChannelError:
                self._tell_gap(frame)
                return True
            else:
                return True
        raise AssertionError

    def _claim(self, frame: Frame) -> bool:
        """Say that a frame is posted now; return whether it is the next one of its text."""
        values = {
            ":sequence": {"N": str(frame.sequence)},
            ":before": {"N": str(frame.sequence - 1)},
            ":expiresAt": number(self._now() + KEPT_SECONDS),
        }
        is_next = "attribute_not_exists(id)" if frame.sequence == 0 else "lastFrame = :before"
        # The first may come again after it had to wait.
        condition = f"({is_next} OR lastFrame = :before) AND attribute_not_exists(ended)"
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(frame.group),
                UpdateExpression="SET lastFrame = :sequence, expiresAt = :expiresAt",
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _skip(self, frame: Frame) -> None:
        """Pass over a frame that was posted, or end a text that has a gap before it."""
        row: Mapping[str, Any] = self._client.get_item(
            TableName=self._table, Key=_key(frame.group), ConsistentRead=True
        ).get("Item", {})
        last = int(row.get("lastFrame", {"N": "-1"})["N"])
        # The last one was claimed, and whether it was posted is not known.
        if "ended" not in row and frame.sequence >= last:
            self._tell_gap(frame)

    def _tell_gap(self, frame: Frame) -> None:
        self.end(frame.group)
        payloads = refusal(frame.about, "Incomplete", INCOMPLETE, 500)
        post_all(self._channel, frame.connection_id, payloads, self._sleep)

    def _set_last(self, frame: Frame, sequence: int) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=_key(frame.group),
            UpdateExpression="SET lastFrame = :sequence",
            ExpressionAttributeValues={":sequence": {"N": str(sequence)}},
        )


def relay_of(parts: Parts) -> Relay:
    """Return the relay of an API."""
    return Relay(parts.dynamodb, parts.settings.table, parts.channel)


def _key(group: str) -> Any:
    return {"id": {"S": f"relay/{group}"}}


_relay = relay_of(parts_of(os.environ)) if "AWS_LAMBDA_FUNCTION_NAME" in os.environ else None


def lambda_handler(event: Mapping[str, Any], context: object) -> Mapping[str, Any]:
    """Post a batch of the queue."""
    assert _relay is not None
    return _relay.post_batch(event)
