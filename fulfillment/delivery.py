"""Posts the text of a turn to the browser while it is written, and says what happened."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from fulfillment.channels.base import Channel
from fulfillment.errors import ChannelBusy, ChannelError, ConnectionGone, SessionTableError
from fulfillment.sessions import Session
from fulfillment.streaming import Pace, frames_of


class Status(StrEnum):
    """How far a delivery got."""

    OFF = "off"
    """Nobody watches this turn: a voice turn, the console test window, streaming switched off."""
    STREAMED = "streamed"
    NO_SESSION = "no_session"
    """No row in the session table: the browser has not connected."""
    CONTESTED = "contested"
    """Two owners claim the session; nothing was posted."""
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

    Takes the text, a function that finds the session's row, the channel, the pace, and whether
    a flush leaves as a pair of frames (see :func:`fulfillment.streaming.frames_of`).
    """

    def __init__(
        self,
        source: Source,
        find: Callable[[], Session | None],
        channel: Channel,
        pace: Pace,
        *,
        paired: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._find = find
        self._channel = channel
        self._pace = pace
        self._paired = paired
        self._clock = clock
        self.delivery = Delivery(Status.STREAMED)

    def run(self) -> None:
        """Deliver until the text is complete or cannot be delivered; never raises."""
        try:
            session = self._find()
            if session is None:
                self.delivery.status = Status.NO_SESSION
            elif session.contested:
                self.delivery.status = Status.CONTESTED
            else:
                self._follow(session.connection_id)
        except SessionTableError as exc:
            self._give_up(Status.TABLE_FAILED, exc)
        except ConnectionGone as exc:
            self._give_up(Status.GONE, exc)
        except ChannelError as exc:
            self._give_up(Status.FAILED, exc)

    def _give_up(self, status: Status, error: Exception) -> None:
        self.delivery.status = status
        self.delivery.error = error

    def _follow(self, address: str) -> None:
        while True:
            self._source.wait_for_text(self.delivery.characters)
            self._source.wait_for_end(self._pace.next_at)
            if not self._source.is_growing:
                return
            self._flush(address)

    def _flush(self, address: str) -> None:
        started = self._clock()
        frames = frames_of(self._source.text()[self.delivery.characters :], paired=self._paired)
        for frame in frames:
            if not self._source.is_growing:
                return
            try:
                self._channel.post(address, frame)
            except ChannelBusy:
                break  # it stays in the text and leaves with the next flush
            self._posted(frame)
        self._pace.flushed(started, self._clock(), shows=not self._paired or len(frames) > 1)

    def _posted(self, frame: str) -> None:
        if self.delivery.first_frame_at is None:
            self.delivery.first_frame_at = self._clock()
        self.delivery.frames += 1
        self.delivery.characters += len(frame)
