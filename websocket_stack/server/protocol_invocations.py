"""What ``/invocations`` takes and answers, as Amazon Bedrock AgentCore's contract has it. Pure.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-http-protocol-contract.html
"""

from __future__ import annotations

from collections.abc import Sequence

from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import Ending
from websocket_stack.server.messages import Transcript, transcript_of
from websocket_stack.server.protocol import Output, compact, json_object

FAILURES = (Outcome.FAILED, Outcome.INTERRUPTED)


def question_in(body: str) -> Transcript | None:
    """Read a request: ``{"prompt": "…"}``, or ``messages`` as the browser libraries have them."""
    value = json_object(body) or {}
    prompt = value.get("prompt")
    if isinstance(prompt, str):
        transcript: Transcript | None = Transcript(prompt, None)
    else:
        transcript = transcript_of(value.get("messages"))
    return transcript if transcript and transcript.utterance.strip() else None


class JsonView:
    """A reply in one JSON object; see :class:`websocket_stack.server.protocol.View`."""

    media_type = "application/json"
    position = 0

    def opening(self) -> Sequence[Output]:
        return ()

    def text(self, pieces: Sequence[str], position: int) -> Sequence[Output] | None:
        return None

    def ending(self, ending: Ending, rest: Sequence[str], position: int) -> Sequence[Output]:
        return [compact({"response": "".join(rest), **_status(ending)})]

    def unknown(self) -> Sequence[Output]:
        return ()


class EventView:
    """A reply as server-sent events; see :class:`websocket_stack.server.protocol.View`."""

    media_type = "text/event-stream"
    position = 0

    def opening(self) -> Sequence[Output]:
        return ()

    def text(self, pieces: Sequence[str], position: int) -> Sequence[Output]:
        return [_event({"event": "".join(pieces)})]

    def ending(self, ending: Ending, rest: Sequence[str], position: int) -> Sequence[Output]:
        return [_event(_status(ending))]

    def unknown(self) -> Sequence[Output]:
        return ()


def _event(value: object) -> str:
    return f"data: {compact(value)}\n\n"


def _status(ending: Ending) -> dict[str, object]:
    status = "error" if ending.outcome in FAILURES else "success"
    fields: dict[str, object] = {"status": status, "outcome": ending.outcome}
    if ending.notice:
        fields["notice"] = ending.notice
    return fields | {"usage": ending.usage}
