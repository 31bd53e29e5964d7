"""The channel port: where frames go."""

from __future__ import annotations

from typing import Protocol


class Channel(Protocol):
    """Posts frames, one at a time, in order."""

    def post(self, address: str, frame: str) -> None:
        """Post one frame and return once it is taken.

        Takes the address that the channel knows its reader by (for API Gateway the connection
        id) and the frame's text, not empty.

        Raises:
            ConnectionGone, ChannelBusy, FrameRejected: it did not arrive.
            ChannelError: it may have arrived; to post it again might show it twice.
        """
