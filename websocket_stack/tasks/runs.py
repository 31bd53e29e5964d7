"""A run: one task or message of one owner, and how far it is. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from websocket_stack.tasks.protocol import Address


class State(StrEnum):
    """How far a run is."""

    QUEUED = "queued"
    STREAMING = "streaming"
    DONE = "done"


class Run(NamedTuple):
    """A run as its row has it.

    Attributes:
        key: its name here.
        owner: whose it is.
        address: what the client calls it.
        digest: of what was asked.
        connection_id: where its frames go.
        state: how far it is.
        over_at: when it counts as over, whatever its state, in epoch seconds.
        detail: whether the client reads how it ended.
        attached: how often a connection took it over.
        received: how many characters that connection has, or ``None`` for all that were posted.
        stopped: whether its owner wants no more of it.
        worker: the request id of the invocation that runs it, or nothing before there is one.
        text: what was written, once it is over.
        ending: how it ended, as its worker had it: outcome, notice, usage.
    """

    key: str
    owner: str
    address: Address
    digest: str
    connection_id: str
    state: State = State.QUEUED
    over_at: float = 0
    detail: bool = False
    attached: int = 0
    received: int | None = None
    stopped: bool = False
    worker: str = ""
    text: str = ""
    ending: Mapping[str, Any] = {}


def key_of(owner: str, address: Address) -> str:
    """Return the key of an owner's task or message; no other owner's has the same."""
    return digest_of([owner, *address])


def group_of(run: Run) -> str:
    """Return the name of the text of a run, as the connection that has it now is sent it."""
    # Not the run's key, which is that of a later run too: clients may use their ids again.
    return f"{run.worker}-{run.attached}"


def digest_of(value: object) -> str:
    """Return a digest of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def item_of(run: Run) -> dict[str, Any]:
    """Return the item that holds a new run."""
    return {
        "id": {"S": run.key},
        "ownerId": {"S": run.owner},
        "address": {"S": json.dumps(run.address)},
        "digest": {"S": run.digest},
        "connectionId": {"S": run.connection_id},
        "phase": {"S": run.state},
        "overAt": number(run.over_at),
        "detail": {"BOOL": run.detail},
        "attached": {"N": str(run.attached)},
    }


def run_of(item: Mapping[str, Any]) -> Run:
    """Return the run that an item holds."""
    received = item.get("received")
    return Run(
        key=item["id"]["S"],
        owner=item["ownerId"]["S"],
        address=Address(*json.loads(item["address"]["S"])),
        digest=item["digest"]["S"],
        connection_id=item["connectionId"]["S"],
        state=State(item["phase"]["S"]),
        over_at=float(item["overAt"]["N"]),
        detail=item["detail"]["BOOL"],
        attached=int(item["attached"]["N"]),
        received=None if received is None else int(received["N"]),
        stopped="stopped" in item,
        worker=item.get("worker", {}).get("S", ""),
        text=item.get("reply", {}).get("S", ""),
        ending=json.loads(item["ending"]["S"]) if "ending" in item else {},
    )


def number(seconds: float) -> Any:
    """Return a time as an item holds it."""
    # Whole: DynamoDB's expiry ignores other numbers.
    return {"N": str(int(seconds))}
