"""The ports by which a delivery reaches its client: where frames go, and to whom. Pure."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol


class Channel(Protocol):
    """Posts frames, one at a time, in order."""

    def post(self, address: str, payload: str) -> None:
        """Post one frame and return once it is taken.

        Args:
            address: by which the channel knows its reader, such as API Gateway's connection id.
            payload: the frame, not empty.

        Raises:
            ConnectionGone, ChannelBusy, FrameRejected: it did not arrive.
            ChannelError: it may have arrived; to post it again might show it twice.
        """
        ...


class AsyncChannel(Protocol):
    """A :class:`Channel` of an event loop."""

    def post(self, address: str, payload: str) -> Awaitable[None] | None:
        """See :meth:`Channel.post`; returns what to wait for, if the frame is not taken yet."""
        ...


class Addresses(Protocol):
    """Knows where the client of a session can be reached."""

    def find(self, session_id: str) -> str | None:
        """Return the client's address, or ``None`` while it has not connected.

        Raises:
            AddressContested: two owners claim the session, so that neither may be trusted.
            AddressError: it could not be looked up; another look may help.
        """
        ...
