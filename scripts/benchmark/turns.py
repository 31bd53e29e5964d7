"""One turn of a handler: what the services saw of it, and what it cost."""

from __future__ import annotations

from typing import NamedTuple

from scripts.benchmark.handlers import Handler
from scripts.benchmark.records import Record
from scripts.benchmark.services import Services
from scripts.benchmark.worker import Cost, Worker


class NothingStreamed(Exception):
    """The turn reached no browser, so that there is nothing to measure."""


class Turn(NamedTuple):
    """A turn that has returned."""

    record: Record
    cost: Cost


def run_turn(services: Services, handler: Handler, worker: Worker, tokens: int) -> Turn:
    """Run one turn against the services.

    Args:
        services: where a browser of the handler's session is connected.
        handler: what is measured.
        worker: its process, initialised.
        tokens: length of the reply.

    Raises:
        NothingStreamed: no frame reached the gateway.
    """
    services.record()  # what an earlier turn left behind
    cost = worker.turn(_event(services.origin, handler.session_id, tokens))
    record = services.record()
    if not (record.requests and record.deltas and record.frames):
        raise NothingStreamed(f"{handler.name}: no frame reached the gateway")
    return Turn(record, cost)


def _event(origin: str, session_id: str, tokens: int) -> dict[str, object]:
    return {
        "invocationSource": "FulfillmentCodeHook",
        "inputMode": "Text",
        "sessionId": session_id,
        # The steady model writes as many tokens as it is asked for.
        "inputTranscript": str(tokens),
        "sessionState": {
            "sessionAttributes": {"streamingEndpoint": f"{origin}/Prod"},
            "intent": {"name": "FallbackIntent", "slots": {}, "state": "ReadyForFulfillment"},
        },
    }
