"""Runs one turn: the answer, its delivery, and the deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable

from fulfillment.delivery import Deliverer, Delivery
from fulfillment.lex import LexEvent, LexResponse
from fulfillment.resources import Resources
from fulfillment.streaming import Deadline, Pace
from fulfillment.transcript import Transcript, record
from fulfillment.turn import Turn
from fulfillment.words import Words


def run(
    event: LexEvent,
    answerer: Callable[[Turn], object],
    context: object,
    resources: Resources,
    words: Words,
) -> LexResponse:
    """Answer an event within its deadline.

    Two threads work: one runs the bot's function and writes the transcript, the other finds the
    session's connection and posts. Neither waits for the other. The handler's own thread only
    waits for both, so nothing that hangs can hold it.

    Takes the Lambda context for the time that it says is left.
    """
    clock, settings = resources.clock, resources.settings
    started = clock()
    deadline = Deadline.of_turn(started, settings.turn_seconds, _remaining_seconds(context))
    turn = Turn(event, resources.model, settings)
    transcript = Transcript(clock)
    _start("answer", lambda: record(lambda: answerer(turn), transcript))
    deliverer = _deliverer(event, transcript, resources)
    if deliverer:
        _start("delivery", deliverer.run)

    # Now, while the model thinks: a cold start need not wait for it.
    from fulfillment import closing, telemetry

    transcript.wait_for_end(deadline.cut_at)
    transcript.close()
    if not transcript.finished:
        turn.close()
    if deliverer:
        deliverer.settle(max(0.0, deadline.settle_by - clock()))

    delivery = deliverer.delivery if deliverer else Delivery()
    reply = closing.reply_of(transcript, turn.completions, words)
    response = closing.respond(event, reply, dict(turn.session_attributes), settings, words)
    telemetry.log_turn(
        telemetry.TurnReport.of(
            event=event,
            request_id=getattr(context, "aws_request_id", ""),
            outcome=reply.outcome,
            transcript=transcript,
            completions=turn.completions,
            delivery=delivery,
            started=started,
            ended=clock(),
        )
    )
    return response


def _deliverer(event: LexEvent, transcript: Transcript, resources: Resources) -> Deliverer | None:
    sessions, channel = resources.sessions, resources.channel
    if sessions is None or channel is None or not event.wants_frames:
        return None
    return Deliverer(
        transcript,
        lambda: sessions.find(event.session_id),
        channel,
        Pace(resources.settings.flush_interval_seconds),
        waiting_text=resources.settings.waiting_text,
        clock=resources.clock,
    )


def _start(name: str, work: Callable[[], None]) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()


def _remaining_seconds(context: object) -> float | None:
    remaining_ms = getattr(context, "get_remaining_time_in_millis", None)
    return remaining_ms() / 1000 if callable(remaining_ms) else None
