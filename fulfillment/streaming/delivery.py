"""One text on its way to one client: what is posted when, and what each failure means. Pure.

It knows no thread, no clock and no network. A shell (:mod:`.threads`, :mod:`.asynchronous`) asks it
what to do next, does that, and reports the result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

from fulfillment.errors import AddressContested, ChannelBusy, ConnectionGone
from fulfillment.streaming.framing import Ending, Frame, Framing
from fulfillment.streaming.pacing import Pace

# Pauses between looks for the client's address, while it may be about to (re)connect.
LOOK_AGAIN_SECONDS = (0.3, 0.5, 0.7, 1.0, 1.5, 2.0)

Tail: TypeAlias = Literal["reply", "frames"]
"""How the client gets what was not posted when the text is complete: in a reply that is not the
delivery's business, or in frames, after which the end is told."""


class Status(StrEnum):
    """How far a delivery got."""

    UNUSED = "unused"
    """The text was complete, or the channel busy, before anything was posted."""
    STREAMED = "streamed"
    NO_CONNECTION = "no_connection"
    """The client has not connected."""
    CONTESTED = "contested"
    """Two owners claim the session; nothing is posted."""
    LOOKUP_FAILED = "lookup_failed"
    GONE = "gone"
    """The connection closed."""
    FAILED = "failed"
    """A post failed; no text was posted after it, so that nothing is shown twice."""


class Find:
    """Look for the client's address."""


class Post(NamedTuple):
    """Post a frame."""

    address: str
    payload: str


class Wait(NamedTuple):
    """Wait until the clock reads ``until``, or for ever; the delivery says what ends it sooner."""

    until: float | None


class Done:
    """Stop: there is nothing more to do."""


Action: TypeAlias = Find | Post | Wait | Done


class Delivery:
    """Posts a growing text in order, each character at most once.

    While a post is in flight, chunks gather and leave together in the next flush. A shell calls
    :meth:`next`, does what it says, and reports the result with :meth:`found`,
    :meth:`lookup_failed`, :meth:`posted` or :meth:`failed`. Meanwhile the writer calls
    :meth:`write`, :meth:`complete`, :meth:`cancel`, :meth:`finish` and :meth:`abandon`, each of
    which returns whether it ends a ``Wait``. Only one thread may call it at a time; times are
    readings of the shell's clock, in seconds.

    Args:
        framing: cuts a flush into frames.
        pace: says when the next flush may leave.
        tail: how the client gets what is left when the text is complete.
        address: where to post, where that is known.
        waiting_text: shown while there is no text yet.
        look_again_seconds: the pauses between looks for an address.
        settle_by: when the last post must have returned.

    Attributes:
        status: how far it got.
        frames: how many frames were posted.
        characters: how many characters of the text they carried.
        first_frame_at: when the first one was taken, or ``None``.
        busy: how often the channel asked for fewer posts.
        gone: how often a connection was found closed.
        error: what last failed, or ``None``.
        is_over: whether nothing more will be posted.
        is_posting: whether a post is in flight.
    """

    def __init__(  # noqa: PLR0913
        self,
        framing: Framing,
        pace: Pace,
        *,
        tail: Tail,
        address: str | None = None,
        waiting_text: str = "",
        look_again_seconds: Sequence[float] = LOOK_AGAIN_SECONDS,
        settle_by: float = float("inf"),
    ) -> None:
        self._framing = framing
        self._pace = pace
        self._tail = tail
        self._settle_by = settle_by
        self._longest_post_seconds = 0.0

        self._address = address
        self._look_again_seconds = look_again_seconds
        self._pauses = iter(look_again_seconds)
        self._look_at: float | None = float("-inf")
        self._is_alive = False
        self._suspects: set[str] = set()
        self._dead: set[str] = set()

        self._chunks: list[str] = []
        # The space parts it from the text, and is the frame that makes Lex Web UI show it.
        self._waiting_text = f"{waiting_text} " if waiting_text else ""
        self._waiting_characters = 0
        self._ending: Ending | None = None
        self._takes_text = self._is_whole = True

        self._flush: deque[Frame] = deque()
        self._flush_size = 0
        self._flush_ends = False
        self._flush_started = self._post_started = 0.0
        self._is_idle = self._has_shown_text = False

        self.status = Status.UNUSED
        self.frames = self.characters = self.busy = self.gone = 0
        self.first_frame_at: float | None = None
        self.error: Exception | None = None
        self.is_over = self.is_posting = False

    # --- what the writer says

    def write(self, text: str) -> bool:
        """Add the next piece of the text."""
        if not text or not self._takes_text:
            return False
        self._chunks.append(text)
        return self._is_idle

    def complete(self) -> bool:
        """Note that the text is complete; how the turn ended follows."""
        self._takes_text = False
        return self._tail == "reply" and self.abandon()

    def cancel(self) -> bool:
        """Drop what has not been posted, and accept no more; how the turn ended follows."""
        if self._ending is not None:
            return False
        self._takes_text = False
        self._drop_text()
        return self._tail == "reply" and self.abandon()

    def finish(self, ending: Ending) -> bool:
        """Note how the turn ended: the rest is posted, and then the end."""
        if self.is_over or self._ending is not None:
            return False
        self._ending, self._takes_text = ending, False
        return self.abandon() if self._tail == "reply" else True

    def abandon(self) -> bool:
        """Post nothing more, not even the end."""
        was_over, self.is_over, self._takes_text = self.is_over, True, False
        return not was_over

    @property
    def is_unread(self) -> bool:
        """Whether it is over without having told the client the end, as it should have."""
        return self.is_over and self._tail == "frames" and self._ending is None

    # --- what the shell asks, and answers

    def next(self, now: float) -> Action:
        """Return what to do now."""
        if self._is_idle and self._chunks and self._has_shown_text:
            self._pace.resumed(now)
        self._is_idle = False
        if self.is_over:
            return Done()
        if self._address is None:
            return self._next_look(now)
        if not self._flush:
            due = self._due()
            if due is None or due > now:
                self._is_idle = due is None
                return Wait(due)
            self._begin_flush(now)
        if not self._flush or self._is_too_late(now):
            return self._end()
        self.is_posting, self._post_started = True, now
        return Post(self._address, self._flush[0].payload)

    def found(self, address: str | None, now: float) -> None:
        """Note the address that a look found, if any."""
        if address is not None and address not in self._dead:
            self._address = address
            if self._is_whole:
                self.error = None
                self.status = Status.STREAMED if self.frames else Status.UNUSED
            return
        if address is None and not self.gone:
            self.status = Status.NO_CONNECTION
        self._look_later(now)

    def lookup_failed(self, error: Exception, now: float) -> None:
        """Note why a look failed."""
        if isinstance(error, AddressContested):
            self.status = Status.CONTESTED
            self.abandon()
            return
        self.status, self.error = Status.LOOKUP_FAILED, error
        self._look_later(now)

    def posted(self, now: float) -> None:
        """Note that the frame arrived."""
        self._note_post(now)
        self._is_alive = True
        frame = self._flush.popleft()
        self.frames += 1
        if self.first_frame_at is None:
            self.first_frame_at = now
        if self._is_whole:
            self.status = Status.STREAMED
        self._take_off(frame.characters)
        if not self._flush:
            shows = self._flush_size >= self._framing.frames_to_show
            self._pace.flushed(self._flush_started, now, shows=shows)
            self._has_shown_text |= shows and self.characters > 0
            if self._flush_ends:
                self.abandon()

    def failed(self, error: Exception, now: float) -> None:
        """Note why the frame did not arrive, or may not have."""
        self._note_post(now)
        was_end = self._flush_ends and self._flush[0].characters == 0
        self._flush.clear()
        if isinstance(error, ChannelBusy):
            # The text of the flush leaves with a later one.
            self.busy += 1
            self._pace.busy(now)
        elif isinstance(error, ConnectionGone):
            self._lose(error, now)
        else:
            self._stop_text(error, was_end=was_end)

    # --- the address

    def _next_look(self, now: float) -> Action:
        if self._look_at is None:
            return self._end()
        return Wait(self._look_at) if now < self._look_at else Find()

    def _look_later(self, now: float) -> None:
        pause = next(self._pauses, None)
        self._look_at = None if pause is None else now + pause

    def _lose(self, error: ConnectionGone, now: float) -> None:
        self.gone += 1
        self.status, self.error = Status.GONE, error
        assert self._address is not None
        # API Gateway answers 410 until an upgrade is complete, so a connection that was never
        # posted to gets a second chance: https://repost.aws/knowledge-center/410-gone-api-gateway
        if self._is_alive or self._address in self._suspects:
            self._dead.add(self._address)
        self._suspects.add(self._address)
        self._address, self._is_alive = None, False
        self._pauses = iter(self._look_again_seconds)
        self._look_later(now)

    # --- the flush

    def _due(self) -> float | None:
        """Return when there is something to post, or ``None`` while there is nothing."""
        if self._ending is not None:
            return self._pace.not_before
        if self._chunks:
            return max(self._pace.next_at, self._pace.not_before)
        return self._pace.not_before if self._waiting_text else None

    def _begin_flush(self, now: float) -> None:
        text = self._unposted()
        if self._ending is not None or (text and not self.frames):
            self._waiting_text = ""  # too late to wait
        text = self._waiting_text + text
        offset = self.characters + self._waiting_characters
        self._flush = deque(self._framing.frames(text, offset) if text else ())
        self._flush_ends = self._ending is not None
        if self._ending is not None:
            self._flush.extend(self._framing.end(self._ending._replace(is_whole=self._is_whole)))
        self._flush_size, self._flush_started = len(self._flush), now

    def _unposted(self) -> str:
        self._chunks = [text] if (text := "".join(self._chunks)) else []
        return text

    def _take_off(self, characters: int) -> None:
        waiting = min(characters, len(self._waiting_text))
        self._waiting_text = self._waiting_text[waiting:]
        self._waiting_characters += waiting
        self.characters += characters - waiting
        text = self._unposted()[characters - waiting :]
        self._chunks = [text] if text else []

    def _note_post(self, now: float) -> None:
        self.is_posting = False
        self._longest_post_seconds = max(self._longest_post_seconds, now - self._post_started)

    def _drop_text(self) -> None:
        self._chunks, self._waiting_text = [], ""
        # What is in flight cannot be taken back.
        self._flush = deque([self._flush[0]] if self.is_posting else [])

    def _stop_text(self, error: Exception, *, was_end: bool) -> None:
        self.status, self.error = Status.FAILED, error
        if self._tail == "reply" or was_end:
            self.abandon()
            return
        # A hole or a repeat would be worse than an end.
        self._takes_text = self._is_whole = False
        self._drop_text()

    def _is_too_late(self, now: float) -> bool:
        """Whether a frame might arrive when the reply that follows it is there already."""
        return self._tail == "reply" and now + self._longest_post_seconds > self._settle_by

    def _end(self) -> Done:
        self.abandon()
        return Done()
