"""Questions with numbers: ``{"id": 0, "text": "…"}``, answered with the same. Pure.

https://github.com/anatoly-bobrovsky/llm-token-stream speaks it since its second version.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from fulfillment.streaming.framing import MAX_FRAME_CHARACTERS, Ending
from fulfillment.streaming.graphemes import pieces as cut
from websocket_stack.server.protocol import (
    UNSUPPORTED,
    Ask,
    Close,
    Command,
    Output,
    Unreadable,
    compact,
    json_object,
    sign_in_of,
)


class NumberedProtocol:
    """One client's socket.

    Args:
        chat: the name of the socket's conversation.
        new_run: returns a name for a run: a client may use a number twice.
        escapes_html: whether ``<``, ``>`` and ``&`` are sent as HTML entities, for a client that
            makes HTML of what it is sent.
    """

    # It has no frame that its clients would not take for an answer.
    heartbeat = ""

    def __init__(
        self, chat: str, new_run: Callable[[], str], *, escapes_html: bool = False
    ) -> None:
        self._chat = chat
        self._new_run = new_run
        self._escapes_html = escapes_html

    def read(self, message: str) -> Command:
        value = json_object(message)
        if value is None:
            # As the original does; its clients know no error.
            return Unreadable([Close(UNSUPPORTED)])
        if sign_in := sign_in_of(value):
            return sign_in
        number, text = number_of(value), value.get("text")
        if number is None or not isinstance(text, str):
            return Unreadable([Close(UNSUPPORTED)])
        view = NumberedView(number, escapes_html=self._escapes_html)
        return Ask(self._new_run(), self._chat, text, view, can_resume=False)


def number_of(value: dict[str, object]) -> int | None:
    """Return a message's number, which may be written as a text."""
    number = value.get("id")
    if isinstance(number, str) and number.lstrip("-").isdecimal() and len(number) < 20:
        return int(number)
    return number if isinstance(number, int) and not isinstance(number, bool) else None


class NumberedView:
    """See :class:`websocket_stack.server.protocol.View`.

    An empty text opens an answer, and makes the client show it; another one ends it.
    """

    position = 0

    def __init__(self, number: int, *, escapes_html: bool = False) -> None:
        self._number = number
        self._escapes_html = escapes_html

    def opening(self) -> Sequence[Output]:
        return [self._frame("")]

    def text(self, pieces: Sequence[str], position: int) -> Sequence[Output]:
        return [self._frame(each) for each in cut("".join(pieces), MAX_FRAME_CHARACTERS)]

    def ending(self, ending: Ending, rest: Sequence[str], position: int) -> Sequence[Output]:
        return [*map(self._frame, filter(None, [notice_of(ending, position)])), self._frame("")]

    def unknown(self) -> Sequence[Output]:
        return ()

    def _frame(self, text: str) -> str:
        text = escape(text, quote=False) if self._escapes_html else text
        return compact({"id": self._number, "text": text})


def notice_of(ending: Ending, position: int) -> str:
    """Return what a client that knows no errors is told of an ending, as more of the text."""
    separator = "\n\n" if position and ending.notice else ""
    return separator + ending.notice
