"""Posts a run that is over to a client that comes back for it."""

from __future__ import annotations

from fulfillment.streaming.channel import Channel
from fulfillment.streaming.framing import Ending, Frame
from websocket_stack.tasks.frame_format import framing_of, refusal
from websocket_stack.tasks.posting import post_all
from websocket_stack.tasks.runs import Run


def replay(run: Run, received: int | None, channel: Channel, connection_id: str) -> None:
    """Post the part of a run that a client lacks, and its end.

    Args:
        run: the run, which is over.
        received: how many characters the client has, or ``None`` for all that were posted.
        channel: where frames go.
        connection_id: the client's connection.
    """
    post_all(channel, connection_id, _payloads(run, received))


def _payloads(run: Run, received: int | None) -> list[str]:
    ending = run.ending
    if kind := ending.get("kind"):
        return refusal(run.address, kind, ending["notice"])
    is_whole = ending["whole"]
    framing = framing_of(run.address, is_whole=is_whole, detail=run.detail)
    sent = ending["sent"] if received is None else received
    rest = "" if is_whole else run.text[sent:]
    frames: list[Frame] = [*framing.frames(rest, sent)] if rest else []
    frames += framing.end(
        Ending(ending["outcome"], ending["notice"], run.text.strip(), ending["usage"])
    )
    return [frame.payload for frame in frames]
