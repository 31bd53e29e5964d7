"""Ends a turn: what is said of it, how it fits into a response, and its report.

Only the end of a turn needs this and what it imports, so it is loaded while the model thinks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from fulfillment.lex import events as lex
from fulfillment.lex.dialog_actions import MAX_MESSAGES, Action, Card, Decision, Text
from fulfillment.lex.events import Json, LexEvent, LexResponse
from fulfillment.lex.fitting import Limits, encoded_bytes, messages_of
from fulfillment.markdown.sanitizer import neutralise
from fulfillment.markdown.splitting import closed, cut_at_sentence
from fulfillment.memory import Exchange
from fulfillment.memory.conversation import Conversation
from fulfillment.models.base import Completion, StopReason
from fulfillment.notices import Words
from fulfillment.settings import Settings
from fulfillment.streaming.text_buffer import Transcript
from fulfillment.telemetry import Outcome


class Reply(NamedTuple):
    """How a turn went, the Markdown that was written, what has to be said of it, and what else the
    turn is to end with. ``cut`` says that the model would have written more.
    """

    outcome: Outcome
    written: str
    note: str = ""
    decision: Decision = Decision()
    cut: bool = False

    @property
    def markdown(self) -> str:
        if not self.written or not self.note:
            return self.written or self.note
        return f"{closed(self.written)}\n\n{self.note}"


def reply_of(
    transcript: Transcript,
    completions: tuple[Completion, ...],
    decision: Decision,
    words: Words,
    conversation: Conversation,
    last_text: str = "",
) -> Reply:
    """Return the reply that a closed transcript makes.

    Takes how the turn's model calls ended, how its function wants it to end, the sentences to say
    where something failed, the conversation (where it is remembered, a reply can go on), and what
    the last call wrote: how it ended matters only if the reply ends with it.
    """
    text = transcript.text()
    written = text.strip()
    go_on = f" {words.to_go_on}" if conversation.is_remembered else ""
    if any(completion.stop_reason == StopReason.RETRACTED for completion in completions):
        return Reply(Outcome.EMPTY, "", words.withheld)
    if transcript.error is not None:
        if written:
            failed = Decision(Action("Close", failed=decision.action.failed))
            return Reply(Outcome.INTERRUPTED, written, words.interrupted, failed)
        return Reply(Outcome.FAILED, "", words.failed)
    if not transcript.finished:
        if written:
            note = f"{words.cut}{go_on}"
            return Reply(Outcome.CUT, cut_at_sentence(text.lstrip()), note, cut=True)
        return Reply(Outcome.FAILED, "", words.failed)
    is_last_word = written.endswith(last_text.rstrip())
    stop_reason = completions[-1].stop_reason if completions and is_last_word else None
    if stop_reason == StopReason.REFUSED:
        return Reply(_outcome(written), written, words.withheld, decision)
    if stop_reason == StopReason.MAX_TOKENS and written:
        note = f"{words.too_long}{go_on}"
        return Reply(Outcome.COMPLETED, written, note, decision, cut=True)
    if written or decision.says_something:
        return Reply(Outcome.COMPLETED, written, "", decision)
    return Reply(Outcome.EMPTY, "", words.empty)


def respond(
    event: LexEvent,
    reply: Reply,
    attributes: Mapping[str, str],
    slots: Mapping[str, Json],
    settings: Settings,
    words: Words,
) -> LexResponse:
    """Return the response that carries a reply, within the size that Lex takes.

    A Close is ``Failed`` if its function says so, or if there is nothing but an apology, or if the
    function of an intent raised, or one that checks a dialog did not come to its end.
    """
    finish = _finish(settings)
    action = reply.decision.action
    if action.type == "Delegate":
        return lex.respond(event, action, (), attributes, slots)
    if _has_failed(event, reply):
        action = Action("Close", failed=True)
    further = [_finished(message, finish) for message in reply.decision.messages]
    around = lex.respond(event, action, further, attributes, slots)
    limits = Limits(
        messages=MAX_MESSAGES - len(further),
        characters=settings.max_message_characters,
        bytes=settings.max_response_bytes - encoded_bytes(around),
    )
    contents = messages_of(reply.markdown, limits, finish=finish, notice=words.too_long)
    return lex.respond(event, action, [*map(Text, contents), *further], attributes, slots)


def exchange_of(event: LexEvent, reply: Reply) -> Exchange:
    """Return what is to be remembered of a turn: what was said, without what was said about it."""
    if reply.decision.action.type == "Delegate":
        return Exchange(event.utterance, "")
    said = [
        reply.written,
        *(each.content for each in reply.decision.messages if isinstance(each, Text)),
    ]
    return Exchange(event.utterance, "\n\n".join(filter(None, said)), reply.cut)


def _finish(settings: Settings) -> Callable[[str], str]:
    if settings.allow_html:
        return lambda text: text
    return lambda text: neutralise(text, pictures=settings.allow_pictures)


def _outcome(written: str) -> Outcome:
    return Outcome.COMPLETED if written else Outcome.EMPTY


def _has_failed(event: LexEvent, reply: Reply) -> bool:
    if not reply.written:
        return not reply.decision.says_something
    if reply.outcome is Outcome.INTERRUPTED:
        # Of the fallback there is nothing to fulfil but to say something.
        return reply.decision.action.failed or event.intent.name != lex.FALLBACK_INTENT
    return reply.outcome is Outcome.CUT and not event.is_answered_now


def _finished(message: Text | Card, finish: Callable[[str], str]) -> Text | Card:
    if isinstance(message, Text) and message.content_type == "CustomPayload":
        return Text(finish(message.content))
    return message
