"""Runs a delivery on a told clock, as a shell would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from fulfillment.errors import AddressError
from fulfillment.streaming.delivery import Delivery, Done, Find, Post, Wait
from fulfillment.streaming.framing import Ending
from fulfillment.streaming.stream import Stream
from tests.fakes import FakeChannel, FakeClock

CONNECTION = "connection-1"
COMPLETED = Ending("completed")


def deliver(  # noqa: PLR0913
    delivery: Delivery,
    chunks: Sequence[tuple[float, str]],
    ends_at: float,
    channel: FakeChannel,
    clock: FakeClock,
    *,
    find: Callable[[], str | None] = lambda: CONNECTION,
    ending: Ending = COMPLETED,
    visible: Callable[[str], str] = str,
) -> None:
    """Post a text that is written at told times; what is waited for happens at its time.

    Args:
        delivery: says what is posted when.
        chunks: pairs of seconds and a chunk, in order of time.
        ends_at: when the text is complete, in seconds.
        channel: where frames go.
        clock: passes as the delivery waits, and as the channel says.
        find: returns where the client is.
        ending: how the turn ends.
        visible: what is shown of the text, given its next piece.
    """
    stream = Stream()
    stream.join(delivery, visible)
    steps: list[tuple[float, Callable[[], bool]]] = [
        (at, partial(stream.write, chunk, at)) for at, chunk in chunks
    ]
    steps.append((ends_at, lambda: stream.complete(ends_at)))
    steps.append((ends_at, lambda: stream.finish(ending)))

    def catch_up() -> None:
        while steps and steps[0][0] <= clock.now:
            steps.pop(0)[1]()

    catch_up()
    while not isinstance(action := delivery.next(clock.now), Done):
        if isinstance(action, Wait):
            until = [action.until] if action.until is not None else []
            clock.now = min([*until, *(at for at, _ in steps[:1])])
        elif isinstance(action, Post):
            _post(delivery, channel, action, clock, meanwhile=catch_up)
        elif isinstance(action, Find):
            _find(delivery, find, clock)
        catch_up()


def _post(
    delivery: Delivery,
    channel: FakeChannel,
    post: Post,
    clock: FakeClock,
    meanwhile: Callable[[], None],
) -> None:
    try:
        channel.post(*post)
    except Exception as exc:
        meanwhile()
        delivery.failed(exc, clock.now)
    else:
        meanwhile()
        delivery.posted(clock.now)


def _find(delivery: Delivery, find: Callable[[], str | None], clock: FakeClock) -> None:
    try:
        address = find()
    except AddressError as exc:
        delivery.lookup_failed(exc, clock.now)
    else:
        delivery.found(address, clock.now)
