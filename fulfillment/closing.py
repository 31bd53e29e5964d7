"""Ends a turn: what is said of it, how it fits into a response, and its report.

Only the end of a turn needs this and what it imports, so it is loaded while the model thinks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import NamedTuple

from fulfillment import lex
from fulfillment.lex import LexEvent, LexResponse
from fulfillment.markup import neutralise
from fulfillment.models.base import Completion
from fulfillment.replies import closed, cut_at_sentence, messages_of
from fulfillment.settings import Settings
from fulfillment.telemetry import Outcome
from fulfillment.transcript import Transcript
from fulfillment.words import Words

# Until python3.12 Lambda escaped every non-ASCII character of a response, to six bytes.
# https://github.com/aws/aws-lambda-python-runtime-interface-client
ESCAPES_NON_ASCII = sys.version_info < (3, 12)

# How a model ends that would have had more to say, or does not want to say it. An open set.
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
RAN_OUT = frozenset({"max_tokens", "model_context_window_exceeded"})
WITHHELD = frozenset({"content_filtered", "refusal"})


class Reply(NamedTuple):
    """How a turn went, the Markdown that was written, and what has to be said of it."""

    outcome: Outcome
    written: str
    note: str = ""

    @property
    def markdown(self) -> str:
        if not self.written or not self.note:
            return self.written or self.note
        return f"{closed(self.written)}\n\n{self.note}"


def reply_of(transcript: Transcript, completions: tuple[Completion, ...], words: Words) -> Reply:
    """Return the reply that a closed transcript makes.

    Takes how the turn's model calls ended and the sentences to say where something failed.
    """
    text = transcript.text()
    written = text.strip()
    if transcript.error is not None:
        if written:
            return Reply(Outcome.INTERRUPTED, written, words.interrupted)
        return Reply(Outcome.FAILED, "", words.failed)
    if not transcript.finished:
        if written:
            return Reply(Outcome.CUT, cut_at_sentence(text).strip(), words.cut)
        return Reply(Outcome.FAILED, "", words.failed)
    stop_reason = completions[-1].stop_reason if completions else ""
    outcome = Outcome.COMPLETED if written else Outcome.EMPTY
    if stop_reason in WITHHELD:
        return Reply(outcome, written, words.withheld)
    if stop_reason in RAN_OUT and written:
        return Reply(outcome, written, words.too_long)
    return Reply(outcome, written, "" if written else words.empty)


def respond(
    event: LexEvent, reply: Reply, attributes: Mapping[str, str], settings: Settings, words: Words
) -> LexResponse:
    """Return the Close that carries a reply, within the size that Lex takes.

    It is ``Failed`` only if nothing was written.
    """
    failed = not reply.written
    around = lex.close(event, [], attributes, failed=failed)
    contents = messages_of(
        reply.markdown,
        characters=settings.max_message_characters,
        room_bytes=settings.max_response_bytes - _encoded_bytes(around),
        encoded_bytes=_encoded_bytes,
        finish=(lambda text: text) if settings.allow_html else neutralise,
        notice=words.too_long,
    )
    return lex.close(event, contents, attributes, failed=failed)


def _encoded_bytes(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=ESCAPES_NON_ASCII).encode())
