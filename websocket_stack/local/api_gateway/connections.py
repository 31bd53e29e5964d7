"""Connections of a WebSocket API, and the sockets at their other end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Upgrade:
    """The HTTP request that asks for a WebSocket.

    Attributes:
        headers: the name and value of each header, in order.
        query: the query string, still encoded.
        source_ip: the caller's address.
        identity: what the authorizer knows of the caller, such as ``cognitoIdentityId``.
    """

    headers: Sequence[tuple[str, str]]
    query: str
    source_ip: str
    identity: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str:
        """Return a header by its name in lower case; empty if there is none."""
        return next((value for key, value in self.headers if key.lower() == name), "")


class SocketClosed(Exception):
    """The client left while a message was on its way to it."""


class Socket(Protocol):
    """The client's end of a connection."""

    async def send(self, text: str) -> None:
        """Send a message.

        Raises:
            SocketClosed: the client has left.
        """
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close the socket, unless it is closed already."""
        ...


@dataclass
class Connection:
    """A connection that $connect was called for.

    Attributes:
        id: what the management API calls it by.
        upgrade: the request that asked for it.
        connected_at: when, in epoch seconds.
        last_active_at: when a message last came or went, in epoch seconds.
        socket: ``None`` until the upgrade is answered: a post during $connect finds no one.
        unsent_bytes: the size of the messages that the client has not yet taken.
    """

    id: str
    upgrade: Upgrade
    connected_at: float
    last_active_at: float
    socket: Socket | None = None
    unsent_bytes: int = 0
