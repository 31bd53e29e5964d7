"""Runs one Lex turn, from its event to its response."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from fulfillment.assistant import Assistant
from fulfillment.clients import Resources, is_another_api
from fulfillment.errors import HandlerError
from fulfillment.handlers import NextHandler, place_in
from fulfillment.lex.dialog_actions import Decision, Dialog
from fulfillment.lex.events import LexEvent
from fulfillment.lex.messages import Text
from fulfillment.lex.web_ui_framing import PairedText
from fulfillment.memory.base import Exchange
from fulfillment.memory.conversation import Conversation
from fulfillment.models.base import WITHHELD
from fulfillment.models.tool_loop import ToolLoop
from fulfillment.notices import Notices
from fulfillment.streaming.deadline import Deadline
from fulfillment.streaming.delivery import Delivery
from fulfillment.streaming.pacing import Pace
from fulfillment.streaming.stream import Chunks
from fulfillment.streaming.threads import ThreadStream, start
from fulfillment.text import is_blank
from fulfillment.turn import Turn

if TYPE_CHECKING:
    from fulfillment.lex.responses import LexResponse
    from fulfillment.reply import Reply
    from fulfillment.telemetry import TurnReport

# A reply does not wait longer for what was said to be remembered.
SAVE_SECONDS = 2.0
# For the model's request to leave a cold Lambda before anything else is loaded; where the handler
# asks no model, that is what its first words wait.
REQUEST_FIRST_SECONDS = 0.1


def run(
    event: LexEvent,
    handler: NextHandler,
    context: object,
    resources: Resources,
    notices: Notices,
    record: Callable[[TurnReport], None] | None = None,
) -> LexResponse:
    """Answer an event within its deadline.

    One thread runs the handler, a second finds the session's connection and posts, a third loads
    the conversation, for which only the model waits. The calling thread waits for what the response
    needs, but never beyond the deadline.

    Args:
        event: one utterance.
        handler: answers it.
        context: the Lambda context, which knows the time left.
        resources: what the bot runs on.
        notices: the sentences that say what went wrong.
        record: receives the report of the turn, instead of the log and the metrics.
    """
    clock, settings = resources.clock, resources.settings
    started = clock()
    deadline = Deadline.of_turn(started, settings.turn_seconds, _remaining_seconds(context))
    turn, dialog, calls, conversation, stream = _begin(event, handler, resources, deadline)
    delivery = _deliver(stream, event, resources, deadline)

    # Now, while the model thinks: a cold start need not wait for it.
    from fulfillment import telemetry
    from fulfillment.lex import responses
    from fulfillment.reply import reply_of

    stream.wait(deadline.cut_at)
    # As they are now: a handler that goes on after its deadline changes nothing.
    decision, slots = dialog.decision, dialog.slots
    attributes = turn.session_attributes | conversation.attributes
    cut_at = ""
    if not stream.text.finished:
        cut_at = place_in(stream.thread)
        calls.close()
    if is_blank(event.utterance):
        notices = notices._replace(empty=notices.unheard)
    reply = reply_of(
        stream.text,
        calls.completions,
        notices,
        last_text=calls.last_text,
        says_more=decision.says_something,
        can_go_on=conversation.is_remembered,
    )
    decision = decision.after(reply)
    saving = None
    # What was refused or blocked once would be so in every turn that still holds it.
    if not any(completion.stop_reason in WITHHELD for completion in calls.completions):
        saving = _save(conversation, event, reply, decision, settings.max_response_bytes)
    stream.settle(deadline.settle_by)
    response = responses.respond(
        event, reply, decision, attributes, slots, settings, notices.too_long
    )
    memory_error = _saved(saving, conversation, deadline.settle_by - clock())
    (record or telemetry.log_turn)(
        telemetry.TurnReport(
            names={
                "session_id": event.session_id,
                "request_id": getattr(context, "aws_request_id", ""),
                "intent": event.intent.name,
            },
            outcome=reply.outcome,
            started=started,
            ended=clock(),
            text=stream.text,
            delivery=delivery,
            completions=calls.completions,
            memory_error=memory_error,
            handled_error=turn.error,
            attributes_left_out=responses.count_left_out(event, attributes, response),
            cut_at=cut_at,
            another_api=delivery is not None
            and is_another_api(event.streaming_endpoint, settings.streaming_endpoint),
        )
    )
    return response


class _RunningTurn(NamedTuple):
    """A turn whose handler runs, and what it changes meanwhile."""

    turn: Turn
    dialog: Dialog
    calls: ToolLoop
    conversation: Conversation
    stream: ThreadStream


def _begin(
    event: LexEvent, handler: NextHandler, resources: Resources, deadline: Deadline
) -> _RunningTurn:
    """Start loading the conversation, and the handler; return once its model has been asked."""
    clock, settings = resources.clock, resources.settings
    conversation = _conversation(event, resources)
    calls = ToolLoop(lambda: deadline.cut_at - clock(), resources.stand_in)
    # The other half of a response is the reply's.
    dialog = Dialog(event, settings.max_response_bytes // 2)
    assistant = Assistant(
        resources.model,
        settings,
        calls,
        conversation,
        locale=event.locale,
        shares_id=resources.shares_id,
    )
    turn = Turn(event, dialog, assistant)
    stream = ThreadStream(clock)
    if event.is_dialog:
        handler = _checked_dialog(handler, dialog)
    start("handler", lambda: stream.write(lambda: handler(turn)))
    if resources.model_asked:
        resources.model_asked.wait(REQUEST_FIRST_SECONDS)
    return _RunningTurn(turn, dialog, calls, conversation, stream)


def _checked_dialog(handler: NextHandler, dialog: Dialog) -> NextHandler:
    """Return a dialog's handler that fails if it writes or adds what cannot be said.

    Lex takes no message with a ``Delegate``: it goes on with the bot's own prompts.
    https://docs.aws.amazon.com/lexv2/latest/dg/lambda-response-format.html
    """

    def checked(turn: Turn) -> Chunks:
        has_text = False
        with closing(handler(turn)) as chunks:
            for chunk in chunks:
                has_text = has_text or bool(chunk.strip())
                yield chunk
        decision = dialog.decision
        if decision.action.type == "Delegate" and (has_text or decision.messages):
            raise HandlerError(
                "a dialog handler wrote text and let Lex go on, which does not say it:"
                " elicit, confirm or close to have it said"
            )

    return checked


def _conversation(event: LexEvent, resources: Resources) -> Conversation:
    """Return the event's conversation, and start loading it."""
    settings = resources.settings
    conversation = Conversation(
        resources.memory,
        event.session_attributes,
        turns=settings.memory_turns,
        tokens=settings.memory_tokens,
    )
    if conversation.is_remembered:
        start("conversation", conversation.load)
    return conversation


def _deliver(
    stream: ThreadStream, event: LexEvent, resources: Resources, deadline: Deadline
) -> Delivery | None:
    """Start delivering, if the client shows frames."""
    if resources.browser is None or not event.wants_frames:
        return None
    browser, settings = resources.browser, resources.settings
    delivery = Delivery(
        PairedText(),
        Pace(settings.flush_interval_seconds),
        tail="reply",
        waiting_text=settings.waiting_text,
        settle_by=deadline.settle_by,
    )

    def deliver() -> None:
        try:
            addresses, channel = browser()
        # A client that boto3 cannot make costs the frames, and no reply.
        except Exception as exc:
            delivery.lookup_failed(exc, resources.clock())
            delivery.abandon()
            return
        visible: Callable[[str], str] = str
        if settings.plain_frames:
            from fulfillment.markdown.plain_text import PlainReader

            visible = PlainReader().feed
        stream.deliver(delivery, channel, lambda: addresses.find(event.session_id), visible)

    start("delivery", deliver)
    return delivery


def _save(
    conversation: Conversation, event: LexEvent, reply: Reply, decision: Decision, most: int
) -> threading.Thread | None:
    """Start saving what was said, without what was said about it, and no more than can be shown."""
    if not conversation.is_remembered:
        return None
    texts = [reply.written]
    texts += [each.content for each in decision.messages if isinstance(each, Text)]
    if decision.action.type == "Delegate":
        texts = []
    written = "\n\n".join(filter(None, texts))[:most]
    exchange = Exchange(event.utterance, written, reply.truncated)
    return start("conversation", lambda: conversation.save(exchange))


def _saved(
    saving: threading.Thread | None, conversation: Conversation, seconds: float
) -> BaseException | None:
    """Wait until a turn is saved, within its time; return why it was not."""
    if saving is not None:
        saving.join(min(SAVE_SECONDS, max(0.0, seconds)))
        if saving.is_alive():
            return TimeoutError()
    return conversation.error


def _remaining_seconds(context: object) -> float | None:
    remaining_ms: Callable[[], int] | None
    remaining_ms = getattr(context, "get_remaining_time_in_millis", None)
    return remaining_ms() / 1000 if callable(remaining_ms) else None
