"""Lex Web UI's framing. Pure.

It shows a frame half a second after the next one arrives, and the last one never: the reply is
what ends the text. https://github.com/aws-samples/aws-lex-web-ui/blob/master/lex-web-ui/src/store/actions.js
"""

from __future__ import annotations

from collections.abc import Sequence

from fulfillment.streaming.framing import MAX_FRAME_CHARACTERS, Ending, Frame
from fulfillment.streaming.graphemes import last_boundary, pieces

# The client swallows a frame that is exactly this.
SWALLOWED_FRAME = "/stop/"


class PairedText:
    """The last character of a flush is a frame of its own, so that all but it is shown."""

    frames_to_show = 2

    def frames(self, text: str, offset: int) -> Sequence[Frame]:
        payloads = pieces(text, MAX_FRAME_CHARACTERS)
        if cut := last_boundary(payloads[-1]):
            payloads[-1:] = [payloads[-1][:cut], payloads[-1][cut:]]
        return [
            Frame(part, len(part)) for payload in payloads for part in _never_swallowed(payload)
        ]

    def end(self, ending: Ending) -> Sequence[Frame]:
        return ()


def _never_swallowed(payload: str) -> list[str]:
    return [payload[:-1], payload[-1:]] if payload == SWALLOWED_FRAME else [payload]
