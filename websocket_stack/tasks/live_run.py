"""A run while its worker has it: its text, where its frames go, and what its client wants."""

from __future__ import annotations

import threading
from collections.abc import Callable

from fulfillment.streaming.channel import Channel
from fulfillment.streaming.delivery import Delivery
from fulfillment.streaming.framing import Framing
from fulfillment.streaming.pacing import Pace
from fulfillment.streaming.threads import ThreadStream, start
from websocket_stack.tasks.runs import Run

# While a connection is gone, how often its client may have come back with another.
LOOK_SECONDS = 1.0


class LiveRun:
    """Delivers the text of a run to the connection that has it, and to the one after that.

    Args:
        run: the run, as it was claimed.
        stream: its text.
        framing: the frames that its client reads.
        channel_of: returns the way to the connection that has the run.
        interval_seconds: the least time between two flushes.
        grace_seconds: how long a closed connection is waited for.
        is_whole: whether nothing is shown before the end.

    Attributes:
        run: the run, as it was last seen.
        delivery: the last delivery.
    """

    def __init__(  # noqa: PLR0913
        self,
        run: Run,
        stream: ThreadStream,
        framing: Framing,
        channel_of: Callable[[Run], Channel],
        *,
        interval_seconds: float,
        grace_seconds: float,
        is_whole: bool,
    ) -> None:
        self.run = run
        self._stream = stream
        self._framing = framing
        self._channel_of = channel_of
        self._interval = interval_seconds
        self._pauses = [LOOK_SECONDS] * int(grace_seconds / LOOK_SECONDS)
        self._visible: Callable[[str], str] = (lambda text: "") if is_whole else str
        self._lock = threading.Lock()
        self._sent_before = 0
        self.delivery = self._deliver(0)

    @property
    def sent(self) -> int:
        """How many characters of the text were posted."""
        return self._sent_before + self.delivery.characters

    def see(self, run: Run) -> None:
        """Note the present state of the run's row."""
        with self._lock:
            if run.stopped:
                self._stream.cancel()
            if run.attached <= self.run.attached:
                return
            self.run = run
            self._sent_before = self.sent if run.received is None else run.received
            self.delivery = self._deliver(self._sent_before)

    def _deliver(self, received: int) -> Delivery:
        delivery = Delivery(
            self._framing,
            Pace(self._interval),
            tail="frames",
            address=self.run.connection_id,
            look_again_seconds=self._pauses,
        )
        connection_id = self.run.connection_id
        channel = self._channel_of(self.run)
        self._stream.join(delivery, self._visible, received)
        start("delivery", lambda: self._stream.post(delivery, channel, lambda: connection_id))
        return delivery
