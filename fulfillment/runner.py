"""Runs one turn: the answer, its delivery, its memory, and the deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable

from fulfillment.clients import Resources
from fulfillment.handlers import Next
from fulfillment.lex.events import LexEvent, LexResponse
from fulfillment.memory import Exchange
from fulfillment.memory.conversation import Conversation
from fulfillment.models.tool_loop import ToolLoop
from fulfillment.notices import Words
from fulfillment.streaming.delivery import Deliverer, Delivery, Source
from fulfillment.streaming.pacing import Deadline, Pace
from fulfillment.streaming.text_buffer import Transcript, record
from fulfillment.turn import Turn

# A reply does not wait longer for what was said to be remembered.
SAVE_SECONDS = 2.0


def run(
    event: LexEvent, answer: Next, context: object, resources: Resources, words: Words
) -> LexResponse:
    """Answer an event within its deadline.

    Three threads work: one runs the bot's function and writes the transcript, one finds the
    session's connection and posts, one loads the conversation. Only the model waits for the
    last. The handler's own thread waits for what is needed, and no longer than it may, so nothing
    that hangs can hold it.

    Takes the Lambda context for the time that it says is left.
    """
    clock, settings = resources.clock, resources.settings
    started = clock()
    deadline = Deadline.of_turn(started, settings.turn_seconds, _remaining_seconds(context))
    conversation = _conversation(event, resources)
    calls = ToolLoop(lambda: deadline.cut_at - clock())
    turn = Turn(event, resources.model, settings, calls, conversation)
    transcript = Transcript(clock)
    _start("answer", lambda: record(lambda: answer(turn), transcript))
    deliverer = _deliverer(event, transcript, resources)
    if deliverer:
        _start("delivery", deliverer.run)

    # Now, while the model thinks: a cold start need not wait for it.
    from fulfillment import reply as closing
    from fulfillment import telemetry

    transcript.wait_for_end(deadline.cut_at)
    transcript.close()
    # As they are now: a function that goes on after its deadline changes nothing any more.
    decision, slots = turn.decision, turn.next_slots
    attributes = turn.session_attributes | conversation.attributes
    if not transcript.finished:
        calls.close()
    reply = closing.reply_of(
        transcript, calls.completions, decision, words, conversation, calls.last_text
    )
    saving = _saving(conversation, closing.exchange_of(event, reply))
    if deliverer:
        deliverer.settle(max(0.0, deadline.settle_by - clock()))

    delivery = deliverer.delivery if deliverer else Delivery()
    response = closing.respond(event, reply, attributes, slots, settings, words)
    if saving:
        saving.join(min(SAVE_SECONDS, max(0.0, deadline.settle_by - clock())))
    telemetry.log_turn(
        telemetry.TurnReport.of(
            event=event,
            request_id=getattr(context, "aws_request_id", ""),
            outcome=reply.outcome,
            transcript=transcript,
            completions=calls.completions,
            delivery=delivery,
            memory_error=TimeoutError() if saving and saving.is_alive() else conversation.error,
            started=started,
            ended=clock(),
        )
    )
    return response


def _conversation(event: LexEvent, resources: Resources) -> Conversation:
    """Return the conversation that an event is of; it is being loaded."""
    settings = resources.settings
    conversation = Conversation(
        resources.memory,
        event.session_attributes,
        turns=settings.memory_turns,
        tokens=settings.memory_tokens,
    )
    if conversation.is_remembered:
        _start("conversation", conversation.load)
    return conversation


def _deliverer(event: LexEvent, transcript: Transcript, resources: Resources) -> Deliverer | None:
    sessions, channel, settings = resources.sessions, resources.channel, resources.settings
    if sessions is None or channel is None or not event.wants_frames:
        return None
    source: Source = transcript
    if settings.plain_frames:
        from fulfillment.markdown.plain_text import PlainSource

        source = PlainSource(transcript)
    return Deliverer(
        source,
        lambda: sessions.find(event.session_id),
        channel,
        Pace(settings.flush_interval_seconds),
        waiting_text=settings.waiting_text,
        clock=resources.clock,
    )


def _saving(conversation: Conversation, exchange: Exchange) -> threading.Thread | None:
    """Save a turn, beside what is left to do; return what can be waited for."""
    if not conversation.is_remembered:
        return None
    return _start("conversation", lambda: conversation.save(exchange))


def _start(name: str, work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def _remaining_seconds(context: object) -> float | None:
    remaining_ms = getattr(context, "get_remaining_time_in_millis", None)
    return remaining_ms() / 1000 if callable(remaining_ms) else None
