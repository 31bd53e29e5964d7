"""Tells a client that its task failed because the worker died, was throttled, or never started.

The destination of the worker's failed events.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fulfillment.outcome import Outcome
from fulfillment.streaming.channel import Channel
from websocket_stack.tasks.frame_format import refusal
from websocket_stack.tasks.owners import Owners
from websocket_stack.tasks.posting import post_all
from websocket_stack.tasks.relay import Relay, relay_of
from websocket_stack.tasks.run_table import RunTable
from websocket_stack.tasks.runs import group_of
from websocket_stack.tasks.wiring import parts_of

SENTENCES = {
    "Expired": "Your request waited too long. Please try again.",
    "Failed": "Something went wrong. Please try again.",
}


def tell(
    record: Mapping[str, Any],
    runs: RunTable,
    owners: Owners,
    channel: Channel,
    relay: Relay | None = None,
) -> None:
    """End the run of an event that failed, unless it is over.

    Args:
        record: Lambda's record of the failure, of which nothing but the run's key is used: it
            holds what the user asked, and a stack trace.
        runs: the runs.
        owners: what their owners run.
        channel: where frames go.
        relay: what brings frames that were sent before, which are not to come after the end.
    """
    run = runs.find(record["requestPayload"]["run"])
    if run is None:
        return
    condition = record.get("requestContext", {}).get("condition")
    kind = "Expired" if condition == "EventAgeExceeded" else "Failed"
    message = SENTENCES[kind]
    if runs.fail(run, {"outcome": Outcome.FAILED, "notice": message, "kind": kind}):
        if relay is not None and run.worker:
            relay.end(group_of(run))
        post_all(channel, run.connection_id, refusal(run.address, kind, message, 500))
    owners.leave(run)


_parts = parts_of(os.environ) if "AWS_LAMBDA_FUNCTION_NAME" in os.environ else None


def lambda_handler(event: Mapping[str, Any], context: object) -> None:
    """Tell the client of one failed event."""
    assert _parts is not None
    relay = relay_of(_parts) if _parts.settings.relay_queue else None
    tell(event, _parts.runs, _parts.owners, _parts.channel, relay)
