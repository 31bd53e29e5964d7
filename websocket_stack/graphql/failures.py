"""Tells subscribers that a reply failed because its function died, was throttled or never ran.

The destination of failed events, where ``ask`` returns at once.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fulfillment.outcome import Outcome
from websocket_stack.graphql import frame_format
from websocket_stack.graphql.errors import Refusal
from websocket_stack.graphql.wiring import Parts, parts_of
from websocket_stack.tasks.posting import post_all
from websocket_stack.tasks.protocol import Address
from websocket_stack.tasks.runs import digest_of, key_of

SENTENCES = {
    "Expired": "Your request waited too long. Please try again.",
    "Failed": "Something went wrong. Please try again.",
}


def tell(record: Mapping[str, Any], parts: Parts) -> None:
    """End the reply of an event that failed, unless it is over.

    Args:
        record: Lambda's record of the failure, of which the prompt is not used.
        parts: the replies, and the way to their subscribers.
    """
    event, context = record["requestPayload"], record["requestContext"]
    chat_id, message_id = event["arguments"]["chatId"], context["requestId"]
    try:
        owner = parts.chat_owners.owner(chat_id, event["identity"])
    except Refusal:
        return
    kind = "Expired" if context["condition"] == "EventAgeExceeded" else "Failed"
    message = SENTENCES[kind]
    run = parts.runs.find(key_of(owner, Address("chat", chat_id)))
    # It may have failed before it was begun, while another reply was being written.
    if run is not None and run.digest == digest_of(message_id):
        ending = {"outcome": Outcome.FAILED, "notice": message, "kind": kind}
        is_news = parts.runs.fail(run, ending)
        parts.owners.leave(run)
        if not is_news:
            return
    address = Address("chat", [chat_id, message_id])
    post_all(parts.channel, chat_id, frame_format.refusal(address, kind, message))


_parts = parts_of(os.environ) if "AWS_LAMBDA_FUNCTION_NAME" in os.environ else None


def lambda_handler(event: Mapping[str, Any], context: object) -> None:
    """Tell the subscribers of one failed event."""
    assert _parts is not None
    tell(event, _parts)
