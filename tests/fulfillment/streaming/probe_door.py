"""The smallest door: JSON frames over any channel, on either shell."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from fulfillment.streaming import asynchronous, threads
from fulfillment.streaming.delivery import Delivery
from fulfillment.streaming.framing import Ending, Frame
from fulfillment.streaming.graphemes import pieces
from fulfillment.streaming.stream import Chunks
from fulfillment.streaming.text_buffer import TextBuffer

# json.dumps makes up to twelve bytes of a character.
MAX_CHARACTERS = 2_000


class JsonFrames:
    """``{"type": "delta", "text": …}`` for each flush, and one ``{"type": "end"}``."""

    frames_to_show = 1

    def frames(self, text: str, offset: int) -> Sequence[Frame]:
        return [
            Frame(json.dumps({"type": "delta", "text": piece}), len(piece))
            for piece in pieces(text, MAX_CHARACTERS)
        ]

    def end(self, ending: Ending) -> Sequence[Frame]:
        end = {"type": "end", "outcome": ending.outcome, "whole": ending.is_whole}
        return [Frame(json.dumps(end))]


def ending_of(text: TextBuffer) -> Ending:
    if text.cancelled:
        return Ending("cancelled")
    if not text.finished:
        return Ending("cut")
    return Ending("failed" if text.error else "completed")


def answer(stream: threads.ThreadStream, chunks: Chunks, delivery: Delivery, **how: Any) -> None:
    threads.run(stream, lambda: chunks, ending_of=ending_of, delivery=delivery, **how)


async def answer_async(
    stream: asynchronous.AsyncStream,
    chunks: AsyncGenerator[str, None],
    delivery: Delivery,
    **how: Any,
) -> None:
    await asynchronous.run(stream, lambda: chunks, ending_of=ending_of, delivery=delivery, **how)
