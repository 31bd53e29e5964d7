"""Runs one turn: the answer, its delivery, the deadline, and the response to Lex."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from fulfillment import lex
from fulfillment.delivery import Deliverer, Delivery
from fulfillment.lex import LexEvent, LexResponse
from fulfillment.markup import neutralise
from fulfillment.replies import closed, messages_of
from fulfillment.resources import Resources
from fulfillment.streaming import Deadline, Pace, cut_at_sentence
from fulfillment.telemetry import Outcome, Telemetry, TurnReport
from fulfillment.transcript import Transcript, record
from fulfillment.turn import Turn
from fulfillment.words import Words

# Until python3.12 Lambda escaped every non-ASCII character of a response, to six bytes.
# https://github.com/aws/aws-lambda-python-runtime-interface-client
ESCAPES_NON_ASCII = sys.version_info < (3, 12)

# How a model ends that would have had more to say, or does not want to say it. An open set.
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
RAN_OUT = frozenset({"max_tokens", "model_context_window_exceeded"})
WITHHELD = frozenset({"content_filtered", "refusal"})


class Reply(NamedTuple):
    """How the turn went, the Markdown that was written, and what has to be said of it."""

    outcome: Outcome
    written: str
    note: str = ""

    @property
    def markdown(self) -> str:
        if not self.written or not self.note:
            return self.written or self.note
        return f"{closed(self.written)}\n\n{self.note}"


@dataclass(frozen=True)
class Runner:
    """Runs turns. The handler's thread only waits, so nothing that hangs can hold it.

    Two threads work for it: one runs the bot's function and writes the transcript, the other
    finds the session's connection and posts. Neither waits for the other.
    """

    resources: Resources
    words: Words
    telemetry: Telemetry

    def run(
        self, event: LexEvent, answerer: Callable[[Turn], object], context: object
    ) -> LexResponse:
        """Answer an event within its deadline."""
        clock, settings = self.resources.clock, self.resources.settings
        started = clock()
        deadline = Deadline.of_turn(started, settings.turn_seconds, _remaining_seconds(context))
        turn = Turn(event, self.resources.model, settings)
        transcript = Transcript(clock)
        _start("answer", lambda: record(lambda: answerer(turn), transcript))
        deliverer = self._deliverer(event, transcript)
        if deliverer:
            _start("delivery", deliverer.run)

        transcript.wait_for_end(deadline.cut_at)
        transcript.close()
        if not transcript.finished:
            turn.close()
        if deliverer:
            deliverer.settle(max(0.0, deadline.return_by - clock()))

        reply = self._reply(transcript, turn)
        delivery = deliverer.delivery if deliverer else Delivery()
        self.telemetry.turn(
            TurnReport(
                session_id=event.session_id,
                request_id=getattr(context, "aws_request_id", ""),
                intent=event.intent.name,
                outcome=reply.outcome,
                total_seconds=clock() - started,
                delivery=delivery,
                first_chunk_seconds=_since(started, transcript.first_chunk_at),
                first_frame_seconds=_since(started, delivery.first_frame_at),
                characters=transcript.length,
                completions=turn.completions,
                error=transcript.error,
            )
        )
        return self._close(event, reply, dict(turn.session_attributes))

    def _deliverer(self, event: LexEvent, transcript: Transcript) -> Deliverer | None:
        sessions, channel = self.resources.sessions, self.resources.channel
        if sessions is None or channel is None or not event.wants_frames:
            return None
        return Deliverer(
            transcript,
            lambda: sessions.find(event.session_id),
            channel,
            Pace(self.resources.settings.flush_interval_seconds),
            waiting_text=self.resources.settings.waiting_text,
            clock=self.resources.clock,
        )

    def _reply(self, transcript: Transcript, turn: Turn) -> Reply:
        written = transcript.text().strip()
        if transcript.error is not None:
            outcome = Outcome.INTERRUPTED if written else Outcome.FAILED
            return Reply(outcome, written, self.words.interrupted if written else self.words.failed)
        if not transcript.finished:
            if not written:
                return Reply(Outcome.FAILED, "", self.words.failed)
            return Reply(Outcome.CUT, cut_at_sentence(written), self.words.cut)
        completions = turn.completions
        stop_reason = completions[-1].stop_reason if completions else ""
        outcome = Outcome.COMPLETED if written else Outcome.EMPTY
        if stop_reason in WITHHELD:
            return Reply(outcome, written, self.words.withheld)
        if stop_reason in RAN_OUT and written:
            return Reply(outcome, written, self.words.too_long)
        return Reply(outcome, written, "" if written else self.words.empty)

    def _close(self, event: LexEvent, reply: Reply, attributes: Mapping[str, str]) -> LexResponse:
        settings = self.resources.settings
        failed = not reply.written
        frame = lex.close(event, [], attributes, failed=failed)
        contents = messages_of(
            reply.markdown,
            characters=settings.max_message_characters,
            room_bytes=settings.max_response_bytes - _encoded_bytes(frame),
            encoded_bytes=_encoded_bytes,
            finish=(lambda text: text) if settings.allow_html else neutralise,
            notice=self.words.too_long,
        )
        return lex.close(event, contents, attributes, failed=failed)


def _encoded_bytes(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=ESCAPES_NON_ASCII).encode())


def _start(name: str, work: Callable[[], None]) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()


def _remaining_seconds(context: object) -> float | None:
    remaining_ms = getattr(context, "get_remaining_time_in_millis", None)
    return remaining_ms() / 1000 if callable(remaining_ms) else None


def _since(started: float, at: float | None) -> float | None:
    return None if at is None else at - started
