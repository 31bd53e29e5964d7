"""The same table of faults on both shells, through the smallest door there is.

What a row has in common with all others is in :func:`test_a_reply_survives`: what was shown is a
prefix of the text, the end comes once at most and last, nothing is left running.
"""

from __future__ import annotations

import asyncio
import functools
import json
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from dataclasses import dataclass, replace

import pytest

from fulfillment.errors import (
    AddressContested,
    ChannelBusy,
    ChannelError,
    ConnectionGone,
    FrameRejected,
    SessionTableError,
)
from fulfillment.lex.web_ui_framing import PairedText
from fulfillment.streaming.asynchronous import AsyncStream
from fulfillment.streaming.deadline import Deadline
from fulfillment.streaming.delivery import Delivery, Status
from fulfillment.streaming.framing import Framing, RawText
from fulfillment.streaming.pacing import Pace
from fulfillment.streaming.threads import ThreadStream
from tests.fulfillment.streaming import probe_door

pytestmark = pytest.mark.slow

OK = None
BUSY, GONE = ChannelBusy("429"), ConnectionGone("410")
RESET, REFUSED, UNKNOWN = ChannelError("reset"), FrameRejected("403"), ZeroDivisionError()
HANG = TimeoutError("hangs")
"""A post that does not return while the turn lasts."""
CANCEL = InterruptedError("cancel")
"""The turn is cancelled while this post is in flight; the frame arrives."""

WORDS = [f"word{n} " for n in range(60)]
TEXTS = {
    "60 words": WORDS,
    "nothing": [],
    "60 kB at once": ["lorem ipsum 😀 " * 4_000],
    "/stop/": ["/stop/"],
    "one letter": ["a"],
}
FRAMINGS: dict[str, Callable[[], Framing]] = {
    "json": probe_door.JsonFrames,
    "raw": RawText,
    "pairs": PairedText,
}
# For what must not take long to return; nothing here measures time.
PATIENCE_SECONDS = 20.0
# Whatever happens until then is right: nothing that is checked depends on how much does.
SOON_SECONDS = 0.05


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and what becomes of a reply with a text to speak of."""

    name: str
    posts: Sequence[Exception | None] = ()
    end_posts: Sequence[Exception | None] = ()
    """The outcomes of posts of the end, where it is a frame of its own."""
    rows: Sequence[str | Exception | None] = ("connection-1",)
    """What each look for the address finds; the last repeats."""
    error: Exception | None = None
    """What the handler fails with, after its last chunk."""
    never_ends: bool = False
    post_seconds: float = 0.0
    is_whole: bool | None = True
    """``None`` where it depends on when the turn is cut."""
    ends: int = 1
    outcome: str = "completed"
    status: Status | None = Status.STREAMED
    """``None`` where it depends on when the post that hangs is let go."""


FAULTS = [
    Fault("none"),
    Fault("busy at first", [BUSY]),
    Fault("busy often", [OK, BUSY, BUSY, OK, BUSY]),
    Fault("busy at the end", end_posts=[BUSY, BUSY]),
    Fault("not open yet", [GONE]),
    Fault("gone, and back", [OK, GONE], rows=["connection-1", None, "connection-2"]),
    Fault("gone twice", [OK, GONE, OK, GONE], rows=["connection-1", "connection-2", "third"]),
    Fault("gone at the end, and back", end_posts=[GONE], rows=["connection-1", "connection-2"]),
    Fault("gone for good", [OK, GONE], is_whole=False, ends=0, status=Status.GONE),
    Fault("gone at the end for good", end_posts=[GONE], ends=0, status=Status.GONE),
    Fault("reset at first", [RESET], is_whole=False, status=Status.FAILED),
    Fault("reset later", [OK, RESET], is_whole=False, status=Status.FAILED),
    Fault("reset at the end", end_posts=[RESET], ends=0, status=Status.FAILED),
    Fault("refused", [OK, REFUSED], is_whole=False, status=Status.FAILED),
    Fault("an error that no adapter knows", [OK, UNKNOWN], is_whole=False, status=Status.FAILED),
    Fault("no address for a while", rows=[None, None, "connection-1"]),
    Fault("look fails once", rows=[SessionTableError("down"), "connection-1"]),
    Fault("no address", rows=[None], is_whole=False, ends=0, status=Status.NO_CONNECTION),
    Fault(
        "look fails always",
        rows=[SessionTableError("down")],
        is_whole=False,
        ends=0,
        status=Status.LOOKUP_FAILED,
    ),
    Fault("look raises what no adapter knows", rows=[UNKNOWN, "connection-1"]),
    Fault(
        "contested",
        rows=[AddressContested("two owners")],
        is_whole=False,
        ends=0,
        status=Status.CONTESTED,
    ),
    Fault("the handler raises", error=ValueError("a secret"), outcome="failed"),
    Fault("the handler never ends", never_ends=True, is_whole=None, outcome="cut"),
    Fault("cancelled at first", [CANCEL], is_whole=False, outcome="cancelled"),
    Fault("cancelled later", [OK, CANCEL], is_whole=False, outcome="cancelled"),
    Fault("cancelled at the end", end_posts=[CANCEL]),
    Fault("a post hangs", [OK, HANG], is_whole=False, ends=0, status=None),
]


class Wire:
    """A channel and its addresses with a fault, for either shell."""

    def __init__(
        self, fault: Fault, stream: ThreadStream | AsyncStream, delivery: Delivery
    ) -> None:
        self.post_seconds = fault.post_seconds
        self._posts = iter(fault.posts)
        self._end_posts = iter(fault.end_posts)
        self._rows = iter(fault.rows)
        self._last_row = fault.rows[-1]
        self._stream = stream
        self._delivery = delivery
        self.outcomes: list[Exception | None] = []
        self.takes_no_text = False
        self.frames: list[str] = []
        self.released = threading.Event()

    def outcome_of(self, payload: str) -> Exception | None:
        is_end = '"type": "end"' in payload
        outcome = next(self._end_posts if is_end else self._posts, OK)
        self.outcomes.append(outcome)
        self.takes_no_text = outcome not in (OK, BUSY, GONE)
        if outcome is CANCEL:
            self._stream.cancel()
        if outcome is CANCEL or outcome is OK:
            self.frames.append(payload)
        return None if outcome is CANCEL else outcome

    def look(self) -> str | None:
        row = next(self._rows, self._last_row)
        if isinstance(row, Exception):
            raise row
        return row

    def is_attempted(self, posts: int) -> bool:
        """Whether so many posts were tried, or no more text will be posted."""
        return len(self.outcomes) >= posts or self.takes_no_text or self._delivery.is_over


class ThreadWire(Wire):
    def post(self, address: str, payload: str) -> None:
        threading.Event().wait(self.post_seconds)
        if error := self.outcome_of(payload):
            if error is HANG:
                self.released.wait(PATIENCE_SECONDS)
            raise error


class AsyncWire(Wire):
    async def post(self, address: str, payload: str) -> None:
        await asyncio.sleep(self.post_seconds)
        if error := self.outcome_of(payload):
            if error is HANG:
                await asyncio.get_running_loop().create_future()
            raise error

    async def find(self) -> str | None:
        return self.look()


def delivery_of(framing: str) -> Delivery:
    return Delivery(
        FRAMINGS[framing](),
        Pace(0.001, back_off_seconds=0.001),
        tail="reply" if framing == "pairs" else "frames",
        look_again_seconds=(0.001, 0.001, 0.001),
    )


def deadline_of(now: float, fault: Fault) -> Deadline:
    hangs = HANG in fault.posts
    cut_at = now + (SOON_SECONDS if fault.never_ends or hangs else PATIENCE_SECONDS)
    return Deadline(cut_at, cut_at + (0.0 if hangs else PATIENCE_SECONDS))


def run_on_threads(fault: Fault, chunks: Sequence[str], framing: str) -> tuple[Wire, Delivery]:
    stream, delivery = ThreadStream(), delivery_of(framing)
    wire = ThreadWire(fault, stream, delivery)
    before = set(threading.enumerate())

    def handler() -> Generator[str, None, None]:
        for number, chunk in enumerate(chunks):
            yield chunk
            if number < 3:
                wait_until(functools.partial(wire.is_attempted, number + 1))
        if fault.error:
            raise fault.error
        while fault.never_ends and stream.text.is_growing:
            yield ""

    deadline = deadline_of(time.monotonic(), fault)
    probe_door.answer(stream, handler(), delivery, deadline=deadline, channel=wire, find=wire.look)
    wire.released.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
    return wire, delivery


def wait_until(is_true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_true() and time.monotonic() < until:
        threading.Event().wait(0.0005)


def run_on_a_loop(fault: Fault, chunks: Sequence[str], framing: str) -> tuple[Wire, Delivery]:
    async def run() -> tuple[Wire, Delivery]:
        stream, delivery = AsyncStream(), delivery_of(framing)
        wire = AsyncWire(fault, stream, delivery)

        async def handler() -> AsyncGenerator[str, None]:
            pause = 0.0005
            for number, chunk in enumerate(chunks):
                yield chunk
                while number < 3 and not wire.is_attempted(number + 1):
                    await asyncio.sleep(pause)
            if fault.error:
                raise fault.error
            while fault.never_ends:
                await asyncio.sleep(pause)
                yield ""

        deadline = deadline_of(asyncio.get_running_loop().time(), fault)
        await probe_door.answer_async(
            stream, handler(), delivery, deadline=deadline, channel=wire, find=wire.find
        )
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return wire, delivery

    return asyncio.run(run())


SHELLS = {"threads": run_on_threads, "asyncio": run_on_a_loop}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_reply_survives(fault: Fault, text: str, framing: str, shell: str) -> None:
    written = "".join(TEXTS[text])
    wire, delivery = SHELLS[shell](fault, TEXTS[text], framing)

    messages = [json.loads(frame) for frame in wire.frames] if framing == "json" else []
    ends = [message for message in messages if message["type"] == "end"]
    assert messages[len(messages) - len(ends) :] == ends and len(ends) <= 1
    shown = "".join(message.get("text", "") for message in messages) or (
        "" if framing == "json" else "".join(wire.frames)
    )
    assert written.startswith(shown)
    assert all(len(frame.encode()) <= 32 * 1024 for frame in wire.frames)
    assert delivery.is_over
    if framing == "pairs":
        assert "/stop/" not in wire.frames
        return
    if fault.is_whole:
        assert shown == written
    if framing == "json" and text == "60 words":
        assert len(ends) == fault.ends
        if ends:
            is_whole = fault.is_whole is not False or fault.outcome == "cancelled"
            assert ends[0] == {"type": "end", "outcome": fault.outcome, "whole": is_whole}
        assert fault.status in (None, delivery.status)
        assert fault.is_whole is not False or shown != written


# Faults meet: each of the table's with each of the posts' and each of the model's.
TABLES: dict[str, Sequence[str | Exception | None]] = {
    "a row": ["connection-1"],
    "a row that comes late": [None, None, "connection-1"],
    "a table that fails once": [SessionTableError("down"), "connection-1"],
    "a table that moves on": ["connection-1", "connection-2", "connection-3"],
    "no row": [None],
    "a contested row": [AddressContested("two owners")],
}
POSTS: dict[str, Sequence[Exception | None]] = {
    "taken": [],
    "busy": [BUSY, OK, BUSY],
    "gone at first": [GONE],
    "gone later": [OK, GONE],
    "reset": [OK, RESET],
}
MODELS: dict[str, Fault] = {
    "ends well": Fault(""),
    "raises": Fault("", error=ValueError("a secret"), outcome="failed"),
    "never ends": Fault("", never_ends=True, outcome="cut"),
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("posts", POSTS)
@pytest.mark.parametrize("table", TABLES)
def test_faults_meet(table: str, posts: str, model: str, shell: str) -> None:
    fault = replace(MODELS[model], rows=TABLES[table], posts=POSTS[posts])
    wire, delivery = SHELLS[shell](fault, WORDS, "json")
    messages = [json.loads(frame) for frame in wire.frames]
    shown = "".join(message.get("text", "") for message in messages)
    ends = [message for message in messages if message["type"] == "end"]
    assert "".join(WORDS).startswith(shown)

    if table in ("no row", "a contested row"):
        assert messages == []
        return
    # One that never ends may be cut before its posts get that far.
    assert fault.never_ends or set(fault.posts) <= set(wire.outcomes)
    if posts == "gone later" and GONE in wire.outcomes and table != "a table that moves on":
        # The only connection has closed.
        assert (ends, delivery.status) == ([], Status.GONE)
        return
    is_whole = RESET not in wire.outcomes
    assert messages[-1:] == ends == [{"type": "end", "outcome": fault.outcome, "whole": is_whole}]
    if is_whole and not fault.never_ends:
        assert shown == "".join(WORDS)


@pytest.mark.parametrize("shell", SHELLS)
def test_slow_posts_gather_what_is_written_meanwhile(shell: str) -> None:
    """200 chunks while each post takes 50 ms: a few frames carry them all."""
    chunks = [f"{n} " for n in range(200)]
    wire, _ = SHELLS[shell](Fault("slow", post_seconds=0.05), chunks, "json")
    messages = [json.loads(frame) for frame in wire.frames]
    assert "".join(message.get("text", "") for message in messages) == "".join(chunks)
    assert messages[-1]["type"] == "end"
    assert len(messages) < 20
