"""Plain text both ways, where a frame ``|`` begins an answer. Pure.

https://github.com/anatoly-bobrovsky/llm-token-stream spoke it in its first version. Answers come
one after the other, in the order of the questions, and their end is not told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fulfillment.streaming.framing import MAX_FRAME_CHARACTERS, Ending
from fulfillment.streaming.graphemes import pieces as cut
from websocket_stack.server.protocol import Ask, Command, Output
from websocket_stack.server.protocol_numbered import notice_of

START = "|"


class PlainProtocol:
    """One client's socket.

    Args:
        chat: the name of the socket's conversation.
        new_run: returns a name for a run.
    """

    # Each frame is text to its clients.
    heartbeat = ""

    def __init__(self, chat: str, new_run: Callable[[], str]) -> None:
        self._chat = chat
        self._new_run = new_run

    def read(self, message: str) -> Command:
        view = PlainView()
        return Ask(self._new_run(), self._chat, message, view, is_serial=True, can_resume=False)


class PlainView:
    """See :class:`websocket_stack.server.protocol.View`."""

    position = 0

    def opening(self) -> Sequence[Output]:
        return [START]

    def text(self, pieces: Sequence[str], position: int) -> Sequence[Output] | None:
        text = "".join(pieces)
        # It would begin an answer; what follows makes it text.
        return None if text == START else list(_frames(text))

    def ending(self, ending: Ending, rest: Sequence[str], position: int) -> Sequence[Output]:
        text = "".join(rest) + notice_of(ending, position)
        return list(_frames(f"{text} " if text == START else text))

    def unknown(self) -> Sequence[Output]:
        return ()


def _frames(text: str) -> Sequence[str]:
    frames = list(cut(text, MAX_FRAME_CHARACTERS))
    if len(frames) > 1 and frames[-1] == START:
        # The cut may be anywhere but before it.
        frames[-2:] = [frames[-2][:-1], frames[-2][-1] + START]
    return frames
