"""A browser that watches a turn in a test."""

from __future__ import annotations

import threading
from contextlib import closing

from fulfillment.handlers import NextHandler
from fulfillment.markdown.plain_text import PlainReader
from fulfillment.settings import Settings
from fulfillment.streaming.stream import Chunks
from fulfillment.turn import Turn

CONNECTION_ID = "test-connection="
# A frame is posted in less than a millisecond. Only a defect of this package takes longer.
PATIENCE_SECONDS = 5.0


class WatchingBrowser:
    """A browser during one turn; the handler goes on once it has seen all that was written.

    Args:
        settings: what the bot runs on.
        shows_frames: whether it said so.

    Attributes:
        frames: what it was sent.
        chunks: what the handlers wrote.
    """

    def __init__(self, settings: Settings, *, shows_frames: bool) -> None:
        self._shows_frames = shows_frames
        # As the delivery does it, which knows no end of the text either.
        self._visible = PlainReader().feed if settings.plain_frames else str
        self._due = len(settings.waiting_text) + 1 if settings.waiting_text else 0
        self._closed = False
        self._posted = threading.Condition()
        self.frames: list[str] = []
        self.chunks: list[str] = []

    def find(self, session_id: str) -> str:
        """Every session has this browser."""
        return CONNECTION_ID

    def post(self, address: str, payload: str) -> None:
        """Take a frame."""
        with self._posted:
            self.frames.append(payload)
            self._due -= len(payload)
            self._posted.notify_all()

    def close(self) -> None:
        """Stop waiting."""
        with self._posted:
            self._closed = True
            self._posted.notify_all()

    def watch(self, turn: Turn, handler: NextHandler) -> Chunks:
        """Note what a turn writes; the middleware around all others."""
        with closing(handler(turn)) as chunks:
            self._keep_up("")
            for chunk in chunks:
                yield chunk
                if chunk:
                    self.chunks.append(chunk)
                    self._keep_up(self._visible(chunk))

    def _keep_up(self, text: str) -> None:
        if not self._shows_frames:
            return
        with self._posted:
            self._due += len(text)
            self._posted.wait_for(lambda: self._due <= 0 or self._closed, PATIENCE_SECONDS)
