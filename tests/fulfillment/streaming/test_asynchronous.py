from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
import uvloop

from fulfillment.streaming.asynchronous import AsyncStream, run
from fulfillment.streaming.deadline import Deadline
from fulfillment.streaming.delivery import Action, Delivery, Status, Wait
from fulfillment.streaming.framing import Ending, RawText
from fulfillment.streaming.pacing import Pace
from fulfillment.streaming.text_buffer import TextBuffer

pytestmark = pytest.mark.slow

SOON = 0.01
LATE = 60.0


class Socket:
    """Keeps what is posted; a post may hang."""

    def __init__(self, hangs_at: int | None = None) -> None:
        self._hangs_at = hangs_at
        self.frames: list[Any] = []

    async def post(self, address: str, payload: str) -> None:
        if len(self.frames) == self._hangs_at:
            await asyncio.get_running_loop().create_future()
        self.frames.append(payload)


def chunks_then(*steps: str | BaseException) -> Callable[..., AsyncGenerator[str, None]]:
    async def handler() -> AsyncGenerator[str, None]:
        for step in steps:
            if isinstance(step, BaseException):
                raise step
            yield step

    return handler


def run_turn(
    handler: Callable[..., AsyncGenerator[str, None]],
    socket: Socket,
    *,
    cut_after: float = LATE,
    settle_after: float = LATE,
    post_seconds: float = LATE,
    then: Callable[..., None] | None = None,
) -> tuple[TextBuffer, Delivery]:
    """Run a turn; return its text, its delivery, and what ``then`` found of the loop's tasks."""

    async def turn() -> tuple[TextBuffer, Delivery]:
        stream = AsyncStream(post_seconds)
        now = asyncio.get_running_loop().time()
        delivery = Delivery(RawText(), Pace(0.0), tail="frames", address="socket")
        if then:
            asyncio.get_running_loop().call_soon(then, stream)
        text = await run(
            stream,
            handler,
            Deadline(now + cut_after, now + cut_after + settle_after),
            lambda text: Ending("completed" if text.finished else "cut"),
            delivery=delivery,
            channel=socket,
        )
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return text, delivery

    return asyncio.run(turn())


def test_a_turn_is_written_and_posted() -> None:
    socket = Socket()
    text, delivery = run_turn(chunks_then("Hello ", "there"), socket)
    assert text.text() == "".join(socket.frames) == "Hello there"
    assert (text.finished_well, delivery.status) == (True, Status.STREAMED)


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1)])
def test_whatever_is_raised_keeps_the_text_so_far(error: BaseException) -> None:
    text, _ = run_turn(chunks_then("so far", error), Socket())
    assert (text.text(), text.finished, text.error) == ("so far", True, error)


def hanging(closed: list[Any]) -> Callable[..., AsyncGenerator[str, None]]:
    async def handler() -> AsyncGenerator[str, None]:
        try:
            yield "a"
            await asyncio.get_running_loop().create_future()
        finally:
            closed.append(True)

    return handler


def test_what_has_not_ended_at_the_deadline_is_cancelled() -> None:
    closed: list[Any] = []
    text, _ = run_turn(hanging(closed), Socket(), cut_after=SOON)
    assert closed and not text.finished


def test_a_turn_can_be_cancelled_from_outside() -> None:
    closed: list[Any] = []
    text, _ = run_turn(hanging(closed), Socket(), then=AsyncStream.cancel)
    assert text.cancelled


def test_a_reader_that_takes_no_frame_in_time_gets_no_more() -> None:
    socket = Socket(hangs_at=0)
    text, delivery = run_turn(chunks_then("a", "b"), socket, post_seconds=SOON)
    assert text.text() == "ab"
    assert (socket.frames, delivery.status) == ([], Status.FAILED)


def test_a_post_that_hangs_holds_a_turn_no_longer_than_it_may() -> None:
    socket = Socket(hangs_at=0)
    run_turn(chunks_then("a"), socket, cut_after=SOON, settle_after=SOON)
    assert socket.frames == []


def test_many_turns_share_a_loop() -> None:
    async def turns() -> list[Socket]:
        sockets = [Socket() for _ in range(200)]
        now = asyncio.get_running_loop().time()

        async def turn(number: int) -> None:
            async def handler() -> AsyncGenerator[str, None]:
                for chunk in range(30):
                    yield f"{number}:{chunk} "
                    await asyncio.sleep(0)

            delivery = Delivery(RawText(), Pace(SOON), tail="frames", address="socket")
            await run(
                AsyncStream(),
                handler,
                Deadline(now + LATE, now + LATE),
                lambda text: Ending("completed"),
                delivery=delivery,
                channel=sockets[number],
            )

        await asyncio.gather(*map(turn, range(200)))
        return sockets

    for number, socket in enumerate(asyncio.run(turns())):
        assert "".join(socket.frames) == "".join(f"{number}:{chunk} " for chunk in range(30))


class RecordingDelivery(Delivery):
    """Counts the waits that it asks for until a time."""

    timed_waits = 0

    def next(self, now: float) -> Action:
        action = super().next(now)
        self.timed_waits += isinstance(action, Wait) and action.until is not None
        return action


@pytest.mark.parametrize("milliseconds", [4.0, 4.3, 4.5, 4.7])
def test_no_wait_ends_too_early(milliseconds: float) -> None:
    """uvloop counts in whole milliseconds; a flush is waited for once all the same."""
    socket = Socket()
    delivery = RecordingDelivery(
        RawText(), Pace(milliseconds / 1000), tail="frames", address="socket"
    )

    async def handler() -> AsyncGenerator[str, None]:
        for number in range(10):
            yield "a"
            while len(socket.frames) < number:
                await asyncio.sleep(0)

    async def turn() -> None:
        deadline = Deadline.of_turn(asyncio.get_running_loop().time(), LATE)
        await run(
            AsyncStream(),
            handler,
            deadline,
            lambda text: Ending("completed"),
            delivery=delivery,
            channel=socket,
        )

    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(turn())
    finally:
        loop.close()
    assert delivery.timed_waits <= len(socket.frames)
