"""Runs a delivery on a told clock, as a shell would."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fakes import FakeChannel, FakeClock
from fulfillment.streaming.delivery import Delivery, Done, Post, Wait
from fulfillment.streaming.stream import Stream


def deliver(
    chunks: Sequence[tuple[float, str]],
    ends_at: float,
    delivery: Delivery,
    channel: FakeChannel,
    clock: FakeClock,
    visible: Callable[[str], str] = str,
) -> None:
    """Post a text that is written at told times; what is waited for happens at its time.

    Args:
        chunks: pairs of seconds and a chunk, in order of time.
        ends_at: when the text is complete, in seconds.
        delivery: says what is posted when.
        channel: where frames go.
        clock: passes as the delivery waits.
        visible: what is shown of the text, given its next piece.
    """
    stream = Stream()
    stream.join(delivery, visible)
    steps: list[tuple[float, Callable[[], bool]]] = [
        (at, lambda at=at, chunk=chunk: stream.write(chunk, at)) for at, chunk in chunks
    ]
    steps.append((ends_at, lambda: stream.complete(ends_at)))
    while True:
        while steps and steps[0][0] <= clock.now:
            steps.pop(0)[1]()
        action = delivery.next(clock.now)
        if isinstance(action, Done):
            return
        if isinstance(action, Wait):
            due = [action.until] if action.until is not None else []
            clock.now = min([*due, *(at for at, _ in steps[:1])])
        elif isinstance(action, Post):
            channel.post(action.address, action.payload)
            delivery.posted(clock.now)
        else:
            delivery.found("connection-1", clock.now)
