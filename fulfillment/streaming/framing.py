"""The framing port: how a client's frames carry a text, and how it is told the end. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from fulfillment.streaming.graphemes import pieces

# A message above 32 KB must be split into several frames, and is billed as several.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
MAX_FRAME_BYTES = 32 * 1024
# A character takes at most four bytes in UTF-8.
MAX_FRAME_CHARACTERS = MAX_FRAME_BYTES // 4


class Frame(NamedTuple):
    """One message as posted.

    Attributes:
        payload: what is posted.
        characters: how many characters of the text it carries; none where it only says something
            about it, such as its end.
    """

    payload: str
    characters: int = 0


class Ending(NamedTuple):
    """How a turn ended.

    Attributes:
        outcome: one word, such as ``completed`` or ``cancelled``.
        notice: a sentence for the reader where something went wrong.
        text: the whole text, for a client that gets it in one piece.
        usage: what the reply consumed, such as ``output_tokens``, as far as it is known.
        is_whole: whether all of the text reached the client; it did not where a post failed, or
            may have.
        length: how many characters were written, white space at both ends included.
    """

    outcome: str
    notice: str = ""
    text: str = ""
    usage: Mapping[str, int] | None = None
    is_whole: bool = True
    length: int = 0


class Framing(Protocol):
    """Turns text into one kind of client's frames.

    A framing keeps no state: after a post that has to be repeated it is asked again, and frames
    that were not posted are dropped.
    """

    @property
    def frames_to_show(self) -> int:
        """How many frames a flush needs for the client to show any of it."""
        ...

    def frames(self, text: str, offset: int) -> Sequence[Frame]:
        """Cut the text of one flush into frames, in order.

        Args:
            text: the text, not empty.
            offset: how many characters were posted before it.

        Returns:
            Frames of at most :data:`MAX_FRAME_BYTES` that carry all the text.
        """
        ...

    def end(self, ending: Ending) -> Sequence[Frame]:
        """Return the frame that tells the client the end, or none where it needs none."""
        ...


class RawText:
    """A frame is the text of a flush, and there is no end marker."""

    frames_to_show = 1

    def frames(self, text: str, offset: int) -> Sequence[Frame]:
        return [Frame(piece, len(piece)) for piece in pieces(text, MAX_FRAME_CHARACTERS)]

    def end(self, ending: Ending) -> Sequence[Frame]:
        return ()
