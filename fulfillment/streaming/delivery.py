"""Posts the text of a turn to the browser while it is written, and says what happened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from fulfillment.channels.base import Channel
from fulfillment.channels.session_table import Session
from fulfillment.errors import ChannelBusy, ConnectionGone, SessionTableError
from fulfillment.streaming.pacing import Pace, frames_of

# Pauses between looks at the session table, while a browser may be about to (re)connect.
LOOK_AGAIN_SECONDS = (0.3, 0.5, 0.7, 1.0, 1.5, 2.0)


class Status(StrEnum):
    """How far a delivery got."""

    OFF = "off"
    """Nobody watches this turn: a voice turn, the console test window, streaming switched off."""
    UNUSED = "unused"
    """The text was complete, or the channel busy, before anything was posted."""
    STREAMED = "streamed"
    NO_SESSION = "no_session"
    """No row in the session table: the browser has not connected."""
    CONTESTED = "contested"
    """Two owners claim the session; nothing is posted."""
    TABLE_FAILED = "table_failed"
    GONE = "gone"
    """The connection closed; the reply still reaches the browser through Lex."""
    FAILED = "failed"
    """A post failed; nothing was posted after it, so that nothing is shown twice."""


@dataclass
class Delivery:
    """What happened; times are the clock's, in seconds."""

    status: Status = Status.OFF
    frames: int = 0
    characters: int = 0
    first_frame_at: float | None = None
    busy: int = 0
    """How often the channel asked for fewer posts."""
    gone: int = 0
    """How often a connection was found closed."""
    error: Exception | None = None


class Source(Protocol):
    """The part of a transcript that a delivery reads."""

    @property
    def length(self) -> int: ...
    @property
    def is_growing(self) -> bool: ...
    def text(self) -> str: ...
    def wait_for_text(self, beyond: int) -> None: ...
    def wait_for_end(self, until: float) -> None: ...


class Deliverer:
    """Follows a growing text and posts it, in order, each character at most once.

    While a post is in flight chunks pile up and leave together in the next flush. Once the text
    is complete nothing more is posted: the rest reaches the browser in the reply.

    Takes the text, a function that finds the session's row, the channel, the pace, whether a
    flush leaves as a pair of frames (see :func:`fulfillment.streaming.pacing.frames_of`), and what
    to show while there is no text yet.
    """

    def __init__(
        self,
        source: Source,
        find: Callable[[], Session | None],
        channel: Channel,
        pace: Pace,
        *,
        paired: bool = True,
        waiting_text: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._find = find
        self._channel = channel
        self._pace = pace
        self._paired = paired
        # The space parts it from the text, and is the frame that makes it show.
        self._owed = f"{waiting_text} " if waiting_text else ""
        self._clock = clock
        self._posting = threading.Lock()
        self._doubted: set[str] = set()
        self._dead: set[str] = set()
        self.delivery = Delivery(Status.UNUSED)

    def run(self) -> None:
        """Deliver until the text is complete or cannot be delivered; never raises."""
        try:
            self._deliver()
        # A post that failed, or what nobody thought of, which must not end in a traceback of a
        # thread that nobody watches.
        except Exception as exc:
            self._give_up(Status.FAILED, exc)

    def _deliver(self) -> None:
        address = self._look((0.0, *LOOK_AGAIN_SECONDS))
        while address is not None:
            frames_before = self.delivery.frames
            try:
                self._follow(address)
                return
            except ConnectionGone as exc:
                self.delivery.gone += 1
                self._give_up(Status.GONE, exc)
                self._doubt(address, was_alive=self.delivery.frames > frames_before)
                address = self._look(LOOK_AGAIN_SECONDS)

    def settle(self, seconds: float) -> None:
        """Wait until no post is in flight, so long at most; for when the text is complete.

        Its frame would show up in the next turn. What does not post, such as a look at a table
        that hangs, is not waited for.
        """
        if self._posting.acquire(timeout=seconds):
            self._posting.release()

    def _look(self, pauses: Sequence[float]) -> str | None:
        """Look for a live connection of the session, after each of these pauses.

        Returns its id, or ``None`` once there are no more looks or no more text.
        """
        for pause in pauses:
            self._source.wait_for_end(self._clock() + pause)
            if not self._source.is_growing:
                return None
            session = self._find_row()
            if session is None or session.connection_id in self._dead:
                continue
            if session.contested:
                self.delivery.status = Status.CONTESTED
                return None
            self.delivery.status = Status.STREAMED if self.delivery.frames else Status.UNUSED
            self.delivery.error = None
            return session.connection_id
        return None

    def _find_row(self) -> Session | None:
        try:
            session = self._find()
        except SessionTableError as exc:
            self._give_up(Status.TABLE_FAILED, exc)
            return None
        if session is None and not self.delivery.gone:
            self._give_up(Status.NO_SESSION, None)
        return session

    def _doubt(self, address: str, *, was_alive: bool) -> None:
        # API Gateway answers 410 until an upgrade is complete, so a connection that was never
        # posted to gets a second chance: https://repost.aws/knowledge-center/410-gone-api-gateway
        (self._dead if was_alive or address in self._doubted else self._doubted).add(address)

    def _give_up(self, status: Status, error: Exception | None) -> None:
        self.delivery.status = status
        self.delivery.error = error

    def _follow(self, address: str) -> None:
        if self._source.length and not self.delivery.frames:
            self._owed = ""  # too late to wait
        if self._owed:
            self._post(address)
        while True:
            self._source.wait_for_text(self.delivery.characters)
            self._source.wait_for_end(self._pace.next_at)
            if not self._source.is_growing:
                return
            self._post(address)

    def _post(self, address: str) -> None:
        """Post all there is: what is left of the waiting text, and then the text."""
        text = self._source.text()[self.delivery.characters :]
        for frame in self._flush(address, self._owed + text):
            of_waiting_text = min(len(frame), len(self._owed))
            self._owed = self._owed[of_waiting_text:]
            self.delivery.characters += len(frame) - of_waiting_text

    def _flush(self, address: str, text: str) -> Iterator[str]:
        """Post a text; yield each of its frames once it is taken."""
        started = self._clock()
        frames = frames_of(text, paired=self._paired)
        for frame in frames:
            try:
                with self._posting:
                    if not self._source.is_growing:
                        return
                    self._channel.post(address, frame)
            except ChannelBusy:
                # What is left stays in the text and leaves with a later flush.
                self.delivery.busy += 1
                self._pace.busy(self._clock())
                return
            if self.delivery.first_frame_at is None:
                self.delivery.first_frame_at = self._clock()
                self.delivery.status = Status.STREAMED
            self.delivery.frames += 1
            yield frame
        self._pace.flushed(started, self._clock(), shows=not self._paired or len(frames) > 1)
