"""The ports by which a delivery reaches its client: where frames go, and to whom. Pure."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol


class Channel(Protocol):
    """Posts frames, one at a time, in order."""

    def post(self, address: str, payload: str) -> None:
        """Post one frame, and return once the channel has accepted it.

        Args:
            address: where the client is, as the channel knows it, such as API Gateway's connection
                id.
            payload: the frame, not empty.

        Raises:
            ConnectionGone, ChannelBusy, FrameRejected: it did not arrive.
            ChannelError: it may have arrived; to post it again might show it twice.
        """
        ...


class AsyncChannel(Protocol):
    """A :class:`Channel` of an event loop."""

    def post(self, address: str, payload: str) -> Awaitable[None] | None:
        """See :meth:`Channel.post`; returns an awaitable if the frame has not been accepted yet."""
        ...


class Addresses(Protocol):
    """Knows where the client of a session can be reached."""

    def find(self, session_id: str) -> str | None:
        """Return the client's address, or ``None`` while it has not connected.

        Raises:
            AddressContested: two owners claim the session, so that neither may be trusted.
            AddressError: the address could not be looked up; another look may help.
        """
        ...
