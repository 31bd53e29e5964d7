"""The shell for a server: hundreds of turns on one event loop.

It makes no decisions: :mod:`.delivery` says what to post, and when.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from fulfillment.streaming.channel import AsyncChannel
from fulfillment.streaming.deadline import Deadline
from fulfillment.streaming.delivery import Delivery, Done, Find, Post, Wait
from fulfillment.streaming.framing import Ending
from fulfillment.streaming.stream import Stream
from fulfillment.streaming.text_buffer import TextBuffer

# A reader that takes longer for one frame is stuck. Whether it got the frame is not known.
POST_SECONDS = 10.0
# For a handler that is cancelled to let go of what it holds.
CANCEL_SECONDS = 1.0
# uvloop counts in whole milliseconds, and may call half of one early: then nothing is due yet.
TIMER_SECONDS = 0.001


async def nowhere() -> None:
    """Find no address; for a delivery that was given one."""


class AsyncStream:
    """Runs one turn on the running event loop; all times are readings of the loop's clock.

    Args:
        post_seconds: how long a post may take before it counts as failed.
    """

    def __init__(self, post_seconds: float = POST_SECONDS) -> None:
        self._clock = asyncio.get_running_loop().time
        self._post_seconds = post_seconds
        self._stream = Stream()
        self._delivery_due = _Signal()
        self._turn_due = _Signal()

    @property
    def text(self) -> TextBuffer:
        """What was written; nothing is added to it once :meth:`wait` has returned."""
        return self._stream.text

    async def write(self, handler: Callable[[], AsyncGenerator[str, None]]) -> None:
        """Write what a handler yields, until it ends or the text is closed.

        Raises:
            asyncio.CancelledError: the task was cancelled.
        """
        error: BaseException | None = None
        text = self.text
        try:
            async with aclosing(handler()) as chunks:
                async for chunk in chunks:
                    if self._stream.write(chunk, self._clock()):
                        self._delivery_due.set()
                    if not text.takes_more:
                        break
        # Whatever a builder's function raises, SystemExit included, ends this turn and no other.
        except BaseException as exc:
            error = exc
        self._notify(is_due=self._stream.complete(self._clock(), error))
        self._turn_due.set()
        if isinstance(error, asyncio.CancelledError):
            raise error

    async def deliver(
        self,
        delivery: Delivery,
        channel: AsyncChannel,
        find: Callable[[], Awaitable[str | None]] = nowhere,
        visible: Callable[[str], str] = str,
    ) -> None:
        """Post what is written, from its beginning, until the delivery is over.

        Args:
            delivery: says what to do next.
            channel: where frames go.
            find: returns the client's address or ``None``; raises as
                :meth:`fulfillment.streaming.channel.Addresses.find` does.
            visible: what is shown of the text, given its next piece.
        """
        self.join(delivery, visible)
        await self.post(delivery, channel, find)

    def join(
        self, delivery: Delivery, visible: Callable[[str], str] = str, received: int = 0
    ) -> None:
        """Attach a delivery to the text, for a client that comes back; the earlier delivery ends.

        Args:
            delivery: the delivery, which :meth:`post` then drives.
            visible: what is shown of the text, given its next piece.
            received: how many characters the client has already.
        """
        self._stream.join(delivery, visible, received)
        self._delivery_due.set()

    async def post(
        self,
        delivery: Delivery,
        channel: AsyncChannel,
        find: Callable[[], Awaitable[str | None]] = nowhere,
    ) -> None:
        """Post what a delivery has; see :meth:`deliver`."""
        while not isinstance(action := delivery.next(self._clock()), Done):
            match action:
                case Wait(until):
                    await self._delivery_due.wait(until)
                case Post():
                    await self._post(delivery, channel, action)
                case Find():
                    await self._find(delivery, find)
        self._stream.left(delivery)
        self._turn_due.set()

    async def wait(self, until: float) -> None:
        """Wait until the text is complete or cancelled, at most until the clock reads ``until``.

        Whatever the handler writes later is dropped.
        """
        while self.text.is_growing and self._clock() < until:
            await self._turn_due.wait(until)
        self._notify(is_due=self._stream.close())

    def cancel(self) -> None:
        """Accept no more text, and drop what has not been posted yet."""
        self._notify(is_due=self._stream.cancel())
        self._turn_due.set()

    def finish(self, ending: Ending) -> None:
        """Note how the turn ended, so that the client is told."""
        self._notify(is_due=self._stream.finish(ending))

    async def settle(self, until: float) -> None:
        """Wait until all is posted, at most until the clock reads ``until``; then stop posting."""
        while not self._stream.is_settled and self._clock() < until:
            await self._turn_due.wait(until)
        self._notify(is_due=self._stream.abandon())

    async def _post(self, delivery: Delivery, channel: AsyncChannel, post: Post) -> None:
        try:
            if (acceptance := channel.post(post.address, post.payload)) is not None:
                async with asyncio.timeout(self._post_seconds):
                    await acceptance
        # What no adapter thought of ends this delivery, as a failure that it does think of.
        except Exception as exc:
            delivery.failed(exc, self._clock())
        else:
            delivery.posted(self._clock())

    async def _find(self, delivery: Delivery, find: Callable[[], Awaitable[str | None]]) -> None:
        try:
            address = await find()
        # As with a post.
        except Exception as exc:
            delivery.lookup_failed(exc, self._clock())
        else:
            delivery.found(address, self._clock())

    def _notify(self, *, is_due: bool) -> None:
        if is_due:
            self._delivery_due.set()


async def run(  # noqa: PLR0913
    stream: AsyncStream,
    handler: Callable[[], AsyncGenerator[str, None]],
    deadline: Deadline,
    ending_of: Callable[[TextBuffer], Ending],
    *,
    delivery: Delivery,
    channel: AsyncChannel,
    find: Callable[[], Awaitable[str | None]] = nowhere,
) -> TextBuffer:
    """Run a handler and its delivery within a deadline.

    A handler that has not ended by then, or is cancelled, is cancelled as a task is, which closes
    its generator and with it the model's stream.

    Args:
        stream: what :meth:`AsyncStream.cancel` may be called on meanwhile.
        handler: yields the text.
        deadline: when to stop waiting for text, and for what is being posted.
        ending_of: returns how the turn ended, given its text.
        delivery: says what to post when.
        channel: where frames go.
        find: returns the client's address, if the delivery has none.

    Returns:
        The text, and how it ended.
    """
    writing = asyncio.create_task(stream.write(handler))
    posting = asyncio.create_task(stream.deliver(delivery, channel, find))
    try:
        await stream.wait(deadline.cut_at)
        if not stream.text.finished:
            writing.cancel()
        stream.finish(ending_of(stream.text))
        await stream.settle(deadline.settle_by)
    finally:
        writing.cancel()
        posting.cancel()
        await asyncio.wait([writing, posting], timeout=CANCEL_SECONDS)
    return stream.text


class _Signal:
    """Wakes the one task that waits for it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None

    def set(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, until: float | None) -> None:
        """Wait until it is set, at most until the loop's clock reads ``until``."""
        self._waiter = self._loop.create_future()
        timer = None if until is None else self._loop.call_at(until + TIMER_SECONDS, self.set)
        try:
            await self._waiter
        finally:
            if timer is not None:
                timer.cancel()
