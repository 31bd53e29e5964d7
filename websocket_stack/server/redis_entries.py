"""How a run is written in Redis: its keys, and the entries of its stream. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import NamedTuple

from fulfillment.streaming.framing import Ending
from websocket_stack.server.run_log import RunLog


class Names(NamedTuple):
    """The keys of one run; the braces keep them on one node of a cluster.

    Attributes:
        log: the stream of its pieces.
        claim: exists once a process answers the question; the name of the chat's latest run.
        lease: exists while the process that writes it is alive.
        readers: exists while another process reads it.
        stop: exists once somebody wants it stopped.
        bell: the channel on which new entries are announced.
    """

    log: str
    claim: str
    lease: str
    readers: str
    stop: str
    bell: str

    @classmethod
    def of(cls, owner: str, name: str) -> Names:
        """Return the names of a run; they tell neither its owner's name nor its own."""
        prefix = f"chat:{{{digest(owner, name)}}}:"
        return cls(*(prefix + field for field in cls._fields))


def latest_of(owner: str, chat: str) -> str:
    """Return the key of a conversation's latest run."""
    return f"chat:{{{digest(owner, chat)}}}:latest"


def digest(owner: str, name: str) -> str:
    """Return what names something of an owner's, and cannot be turned back."""
    text = f"{owner}\0{name}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:40]


class EntryId(NamedTuple):
    """The id of an entry: ids only grow, which Redis itself enforces.

    Attributes:
        epoch: when the run began, in milliseconds; a later writer has a higher one.
        number: the first entry's is 1.
    """

    epoch: int
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.number}"

    @classmethod
    def parse(cls, text: str) -> EntryId:
        """Read an id as Redis writes it."""
        epoch, _, number = text.partition("-")
        return cls(int(epoch), int(number))


NOTHING = EntryId(0, 0)


def entries_of(log: RunLog, position: int) -> list[Mapping[str, str]]:
    """Return the entries that a log has from a position on, what ends it included."""
    entries: list[Mapping[str, str]] = [{"text": piece} for piece in log.since(position)]
    if log.ending is not None and position <= len(log):
        ending = log.ending
        fields = {"outcome": ending.outcome, "notice": ending.notice, "usage": ending.usage}
        entries.append({"end": json.dumps(fields)})
    return entries


def take_entry(log: RunLog, entry: Mapping[str, str]) -> None:
    """Add what an entry holds to a log."""
    if "end" in entry:
        log.end(Ending(**json.loads(entry["end"])))
    else:
        log.add(entry["text"])
