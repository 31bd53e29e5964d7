"""One turn on its way from its handler to its client: its text, and the delivery of it. Pure.

A shell (:mod:`.threads`, :mod:`.asynchronous`) guards it and does the waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeAlias

from fulfillment.streaming.delivery import Delivery
from fulfillment.streaming.framing import Ending
from fulfillment.streaming.text_buffer import TextBuffer

Chunks: TypeAlias = Generator[str, None, None]
"""The text of a turn, or of a part of it, as it is written."""


class Stream:
    """Hands the text of a turn to its delivery, which may join late, or never.

    Each method that returns a truth value says whether it ends the delivery's ``Wait``.

    Attributes:
        text: what was written so far.
        delivery: what posts it, or ``None``.
    """

    def __init__(self) -> None:
        self.text = TextBuffer()
        self.delivery: Delivery | None = None
        self._visible: Callable[[str], str] = str
        self._ending: Ending | None = None

    def join(
        self, delivery: Delivery, visible: Callable[[str], str] = str, received: int = 0
    ) -> None:
        """Attach a delivery to the text, written and to come; an earlier delivery ends.

        Args:
            delivery: posts it.
            visible: what is shown of the text, given its next piece.
            received: how many characters the client has already.
        """
        if self.delivery is not None:
            self.delivery.abandon()
        self.delivery, self._visible = delivery, visible
        self._show(self.text.text()[received:])
        if self.text.cancelled:
            delivery.cancel()
        elif not self.text.is_growing:
            delivery.complete()
        if self._ending is not None:
            delivery.finish(self._ending)

    def write(self, chunk: str, now: float) -> bool:
        """Add the handler's next chunk."""
        return self._show(self.text.write(chunk, now))

    def complete(self, now: float, error: BaseException | None = None) -> bool:
        """Note that the handler ended, and with which error, if any."""
        self._show(self.text.finish(now, error))
        return self.delivery is not None and self.delivery.complete()

    def close(self) -> bool:
        """Accept no more text."""
        self.text.close()
        return self.delivery is not None and self.delivery.complete()

    def cancel(self) -> bool:
        """Accept no more text, and drop what has not been posted yet."""
        if not self.text.is_growing:
            return False
        self.text.close(cancelled=True)
        return self.delivery is not None and self.delivery.cancel()

    def finish(self, ending: Ending) -> bool:
        """Note how the turn ended."""
        self._ending = ending
        return self.delivery is not None and self.delivery.finish(ending)

    def abandon(self) -> bool:
        """Post nothing more."""
        return self.delivery is not None and self.delivery.abandon()

    def left(self, delivery: Delivery) -> bool:
        """Note that a delivery is over; text without a reader is not worth paying for."""
        return delivery is self.delivery and delivery.is_unread and self.cancel()

    @property
    def is_settled(self) -> bool:
        """Whether nothing is being posted, nor ever will be."""
        delivery = self.delivery
        return delivery is None or (delivery.is_over and not delivery.is_posting)

    def _show(self, text: str) -> bool:
        if not text or self.delivery is None:
            return False
        return self.delivery.write(self._visible(text))
