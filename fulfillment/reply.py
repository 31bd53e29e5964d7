"""What a finished turn says: its text, and a notice where something went wrong. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fulfillment.markdown.splitting import closed, cut_at_sentence
from fulfillment.models.base import Completion, StopReason
from fulfillment.notices import Notices
from fulfillment.outcome import Outcome
from fulfillment.streaming.text_buffer import TextBuffer


class Reply(NamedTuple):
    """The reply of a turn.

    Attributes:
        outcome: how the turn ended.
        written: the Markdown that the handler and its models wrote.
        notice: the sentence that follows it, if something went wrong.
        handler_finished: whether the handler ran to its end and produced something.
        truncated: whether the model would have written more.
    """

    outcome: Outcome
    written: str
    notice: str = ""
    handler_finished: bool = False
    truncated: bool = False

    @property
    def handler_raised(self) -> bool:
        """Whether the handler failed after it had written something."""
        return self.outcome is Outcome.INTERRUPTED

    @property
    def markdown(self) -> str:
        """The text and the notice together."""
        if not self.written or not self.notice:
            return self.written or self.notice
        return f"{closed(self.written)}\n\n{self.notice}"


def reply_of(
    text: TextBuffer,
    completions: Sequence[Completion],
    notices: Notices,
    *,
    last_text: str = "",
    says_more: bool = False,
    can_go_on: bool = False,
) -> Reply:
    """Return the reply that a turn's text makes.

    Args:
        text: what was written; no more is added to it.
        completions: how the turn's model calls ended.
        notices: the sentences for when something went wrong.
        last_text: what the last call wrote; how it ended matters only if the reply ends with it.
        says_more: whether the user hears something even if nothing was written.
        can_go_on: whether the next turn knows of this one, and can continue a truncated reply.
    """
    written = text.text().strip()
    go_on = f" {notices.to_go_on}" if can_go_on else ""
    if any(completion.stop_reason == StopReason.RETRACTED for completion in completions):
        return Reply(Outcome.EMPTY, "", notices.withheld)
    if text.cancelled:
        return Reply(Outcome.CANCELLED, written)
    if not text.finished_well:
        if not written:
            return Reply(Outcome.FAILED, "", notices.failed)
        if text.error is not None:
            return Reply(Outcome.INTERRUPTED, written, notices.interrupted)
        cut = cut_at_sentence(text.text().lstrip())
        return Reply(Outcome.CUT, cut, f"{notices.cut}{go_on}", truncated=True)

    ends_with_model = bool(completions) and written.endswith(last_text.rstrip())
    stop_reason = completions[-1].stop_reason if ends_with_model else None
    if stop_reason == StopReason.REFUSED:
        outcome = Outcome.COMPLETED if written else Outcome.EMPTY
        return Reply(outcome, written, notices.withheld, handler_finished=True)
    if stop_reason == StopReason.MAX_TOKENS and written:
        notice = f"{notices.too_long}{go_on}"
        return Reply(Outcome.COMPLETED, written, notice, handler_finished=True, truncated=True)
    if written or says_more:
        return Reply(Outcome.COMPLETED, written, handler_finished=True)
    return Reply(Outcome.EMPTY, "", notices.empty)
