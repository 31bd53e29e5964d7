"""Runs one turn: the answer, its delivery, the deadline, and the response to Lex."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from fulfillment import lex
from fulfillment.delivery import Deliverer, Delivery
from fulfillment.lex import LexEvent, LexResponse
from fulfillment.markup import neutralise
from fulfillment.resources import Resources
from fulfillment.streaming import Deadline, Pace, cut_at_sentence
from fulfillment.telemetry import Outcome, Telemetry, TurnReport
from fulfillment.transcript import Transcript, record
from fulfillment.turn import Turn
from fulfillment.words import Words


class Reply(NamedTuple):
    """What Lex is told: how it went and the Markdown of the reply."""

    outcome: Outcome
    text: str


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
        clock = self.resources.clock
        started = clock()
        deadline = Deadline.of_turn(
            started, self.resources.settings.turn_seconds, _remaining_seconds(context)
        )
        turn = Turn(event, self.resources.model, self.resources.settings)
        transcript = Transcript(clock)
        _start("answer", lambda: record(lambda: answerer(turn), transcript))
        deliverer = self._deliverer(event, transcript)
        poster = _start("delivery", deliverer.run) if deliverer else None

        transcript.wait_for_end(deadline.cut_at)
        if not transcript.finished:
            turn.close()
        transcript.close()
        if poster:
            # No post may outlive the turn: its frame would show up in the next one.
            poster.join(max(0.0, deadline.return_by - clock()))

        reply = self._reply(transcript)
        delivery = deliverer.delivery if deliverer else Delivery()
        self._report(event, turn, transcript, delivery, reply, started, context)
        return lex.close(
            event,
            [reply.text],
            dict(turn.session_attributes),
            failed=reply.outcome in (Outcome.FAILED, Outcome.EMPTY),
        )

    def _deliverer(self, event: LexEvent, transcript: Transcript) -> Deliverer | None:
        sessions, channel = self.resources.sessions, self.resources.channel
        if sessions is None or channel is None or not event.wants_frames:
            return None
        return Deliverer(
            transcript,
            lambda: sessions.find(event.session_id),
            channel,
            Pace(self.resources.settings.flush_interval_seconds),
            clock=self.resources.clock,
        )

    def _reply(self, transcript: Transcript) -> Reply:
        written = transcript.text()
        if not written.strip():
            if transcript.finished and transcript.error is None:
                return Reply(Outcome.EMPTY, self.words.empty)
            return Reply(Outcome.FAILED, self.words.failed)
        if not transcript.finished:
            return Reply(Outcome.CUT, self._noted(cut_at_sentence(written), self.words.cut))
        if transcript.error is not None:
            return Reply(Outcome.INTERRUPTED, self._noted(written, self.words.interrupted))
        return Reply(Outcome.COMPLETED, self._safe(written))

    def _noted(self, written: str, note: str) -> str:
        return f"{self._safe(written)}\n\n{note}"

    def _safe(self, markdown: str) -> str:
        return markdown if self.resources.settings.allow_html else neutralise(markdown)

    def _report(
        self,
        event: LexEvent,
        turn: Turn,
        transcript: Transcript,
        delivery: Delivery,
        reply: Reply,
        started: float,
        context: object,
    ) -> None:
        self.telemetry.turn(
            TurnReport(
                session_id=event.session_id,
                request_id=getattr(context, "aws_request_id", ""),
                intent=event.intent.name,
                outcome=reply.outcome,
                total_seconds=self.resources.clock() - started,
                delivery=delivery,
                first_chunk_seconds=_since(started, transcript.first_chunk_at),
                first_frame_seconds=_since(started, delivery.first_frame_at),
                characters=transcript.length,
                completions=turn.completions,
                error=transcript.error,
            )
        )


def _start(name: str, work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def _remaining_seconds(context: object) -> float | None:
    remaining_ms = getattr(context, "get_remaining_time_in_millis", None)
    return remaining_ms() / 1000 if callable(remaining_ms) else None


def _since(started: float, at: float | None) -> float | None:
    return None if at is None else at - started
