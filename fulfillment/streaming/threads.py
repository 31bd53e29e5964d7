"""The shell for Lambda, where posts block: a handler and its delivery, each on its own thread.

It makes no decisions: :mod:`.delivery` says what to post, and when.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing

from fulfillment.streaming.channel import Channel
from fulfillment.streaming.deadline import Deadline
from fulfillment.streaming.delivery import Delivery, Done, Find, Post, Wait
from fulfillment.streaming.framing import Ending
from fulfillment.streaming.stream import Chunks, Stream
from fulfillment.streaming.text_buffer import TextBuffer


class ThreadStream:
    """Runs one turn: its handler writes on one thread, its delivery posts on a second.

    The turn's own thread waits for both, but never beyond the deadline, so nothing that hangs can
    hold it.

    Args:
        clock: the clock that all waiting is measured by, in seconds.

    Attributes:
        thread: the handler's thread, once it has begun.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.thread: threading.Thread | None = None
        self._clock = clock
        self._stream = Stream()
        lock = threading.Lock()
        # Two, so that a chunk wakes the delivery alone, and a post nothing at all.
        self._delivery_due = threading.Condition(lock)
        self._turn_due = threading.Condition(lock)
        self._lock = lock

    @property
    def text(self) -> TextBuffer:
        """What was written; nothing is added to it once :meth:`wait` has returned."""
        return self._stream.text

    def snapshot(self) -> str:
        """Return what was written so far; from any thread."""
        with self._lock:
            return self._stream.text.text()

    def write(self, handler: Callable[[], Chunks]) -> None:
        """Write what a handler yields, until it ends or no more is wanted; never raises."""
        self.thread = threading.current_thread()
        error: BaseException | None = None
        try:
            with closing(handler()) as chunks:
                for chunk in chunks:
                    with self._lock:
                        self._notify(is_due=self._stream.write(chunk, self._clock()))
                        if not self.text.takes_more:
                            break
        # Whatever a builder's function raises, SystemExit included, ends this turn and no other.
        except BaseException as exc:
            error = exc
        with self._lock:
            self._notify(is_due=self._stream.complete(self._clock(), error))
            self._turn_due.notify_all()

    def deliver(
        self,
        delivery: Delivery,
        channel: Channel,
        find: Callable[[], str | None] = lambda: None,
        visible: Callable[[str], str] = str,
    ) -> None:
        """Post what is written, from its beginning, until the delivery is over; never raises.

        Args:
            delivery: says what to do next.
            channel: where frames go.
            find: returns the client's address or ``None``; raises as
                :meth:`fulfillment.streaming.channel.Addresses.find` does.
            visible: what is shown of the text, given its next piece.
        """
        self.join(delivery, visible)
        self.post(delivery, channel, find)

    def join(
        self, delivery: Delivery, visible: Callable[[str], str] = str, received: int = 0
    ) -> None:
        """Attach a delivery to the text, for a client that comes back; the earlier delivery ends.

        Args:
            delivery: the delivery, which :meth:`post` then drives.
            visible: what is shown of the text, given its next piece.
            received: how many characters the client has already.
        """
        with self._lock:
            self._stream.join(delivery, visible, received)
            self._delivery_due.notify_all()

    def post(
        self,
        delivery: Delivery,
        channel: Channel,
        find: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Post what a delivery has; see :meth:`deliver`."""
        while not isinstance(action := self._next(delivery), Done):
            if isinstance(action, Post):
                self._post(delivery, channel, action)
            else:
                self._find(delivery, find)
        with self._lock:
            self._stream.left(delivery)
            self._turn_due.notify_all()

    def wait(self, until: float) -> None:
        """Wait until the text is complete or cancelled, at most until the clock reads ``until``.

        Whatever the handler writes later is dropped.
        """
        with self._lock:
            seconds = max(0.0, until - self._clock())
            self._turn_due.wait_for(lambda: not self.text.is_growing, seconds)
            self._notify(is_due=self._stream.close())

    def cancel(self) -> None:
        """Accept no more text, and drop what has not been posted yet; from any thread."""
        with self._lock:
            self._notify(is_due=self._stream.cancel())
            self._turn_due.notify_all()

    def finish(self, ending: Ending) -> None:
        """Note how the turn ended, so that the client is told."""
        with self._lock:
            self._notify(is_due=self._stream.finish(ending))

    def settle(self, until: float) -> None:
        """Wait until all is posted, at most until the clock reads ``until``; then stop posting."""
        with self._lock:
            seconds = max(0.0, until - self._clock())
            self._turn_due.wait_for(lambda: self._stream.is_settled, seconds)
            self._notify(is_due=self._stream.abandon())

    def _next(self, delivery: Delivery) -> Find | Post | Done:
        with self._lock:
            while isinstance(action := delivery.next(self._clock()), Wait):
                until = action.until
                self._delivery_due.wait(None if until is None else max(0.0, until - self._clock()))
            return action

    def _post(self, delivery: Delivery, channel: Channel, post: Post) -> None:
        try:
            channel.post(post.address, post.payload)
        # What no adapter thought of must not end in a traceback of a thread that nothing watches.
        except Exception as exc:
            error = exc
            self._report(lambda now: delivery.failed(error, now))
        else:
            self._report(delivery.posted)

    def _find(self, delivery: Delivery, find: Callable[[], str | None]) -> None:
        try:
            address = find()
        # As with a post.
        except Exception as exc:
            error = exc
            self._report(lambda now: delivery.lookup_failed(error, now))
        else:
            self._report(lambda now: delivery.found(address, now))

    def _report(self, outcome: Callable[[float], None]) -> None:
        with self._lock:
            outcome(self._clock())

    def _notify(self, *, is_due: bool) -> None:
        if is_due:
            # An earlier delivery may still be about to end.
            self._delivery_due.notify_all()


def run(  # noqa: PLR0913
    stream: ThreadStream,
    handler: Callable[[], Chunks],
    deadline: Deadline,
    ending_of: Callable[[TextBuffer], Ending],
    *,
    delivery: Delivery,
    channel: Channel,
    find: Callable[[], str | None] = lambda: None,
    visible: Callable[[str], str] = str,
    stop: Callable[[], None] = lambda: None,
) -> TextBuffer:
    """Run a handler and its delivery within a deadline.

    Args:
        stream: what :meth:`ThreadStream.cancel` may be called on meanwhile.
        handler: yields the text.
        deadline: when to stop waiting for text, and for what is being posted.
        ending_of: returns how the turn ended, given its text.
        delivery: says what to post when.
        channel: where frames go.
        find: returns the client's address, if the delivery has none.
        visible: what is shown of the text, given its next piece.
        stop: stops what the handler waits for, such as a model; called where it has not ended.

    Returns:
        The text, and how it ended.
    """
    start("handler", lambda: stream.write(handler))
    start("delivery", lambda: stream.deliver(delivery, channel, find, visible))
    stream.wait(deadline.cut_at)
    if not stream.text.finished:
        stop()
    stream.finish(ending_of(stream.text))
    stream.settle(deadline.settle_by)
    return stream.text


def start(name: str, work: Callable[[], None]) -> threading.Thread:
    """Start a thread that does not keep the process alive."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread
