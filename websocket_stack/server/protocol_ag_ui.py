"""AG-UI's events as TanStack AI's WebSocket transport speaks them. Pure.

https://tanstack.com/ai/latest/docs/transports/websockets and https://docs.ag-ui.com/concepts/events
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import MAX_FRAME_CHARACTERS, Ending
from websocket_stack.server.messages import transcript_of
from websocket_stack.server.protocol import (
    NORMAL,
    POLICY,
    Ask,
    Close,
    Command,
    Output,
    Resume,
    Stop,
    Unreadable,
    compact,
    json_object,
    sign_in_of,
)

# The events that come before the first piece.
OPENING = 2
# The offset of a client that has nothing yet.
NOTHING = "-1"


class AgUiProtocol:
    """One client's socket."""

    heartbeat = compact({"type": "ping"})

    def read(self, message: str) -> Command:
        value = json_object(message) or {}
        if sign_in := sign_in_of(value):
            return sign_in
        run, thread = value.get("runId"), value.get("threadId")
        if isinstance(run, str) and run and value.get("type") == "abort":
            # TanStack AI would take the end of this run for the end of its next one.
            return Stop(run, leaves=True)
        transcript = transcript_of(value.get("messages"))
        if transcript is None or not isinstance(run, str) or not run or not isinstance(thread, str):
            return Unreadable([compact(_error("The request could not be read.", {}))])
        return Ask(run, thread, transcript.utterance, AgUiView(run, thread), transcript.earlier)


def speaks_ag_ui(value: Mapping[str, object]) -> bool:
    """Return whether a client's first message is one of this protocol."""
    return "runId" in value and ("messages" in value or value.get("type") == "abort")


def resume_of(query: Mapping[str, str]) -> Resume | None:
    """Return what the address of a socket asks for: the rest of a run, if it names one."""
    run, offset = query.get("runId"), query.get("offset")
    if not run or offset is None:
        return None
    last = offset_of(offset)
    if last is None:
        return None
    return Resume(AgUiView(run, "", last, closes=True), request=run, run=run)


def offset_of(text: str) -> int | None:
    """Return the number of the last event that a client has; -1 where it has none."""
    if text == NOTHING:
        return -1
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


class AgUiView:
    """See :class:`websocket_stack.server.protocol.View`.

    Event 0 begins the run and event 1 its message; then each piece has a number. A frame may
    carry several, and is called by the last one's number.

    Args:
        run: the run's name.
        thread: the conversation's name.
        last: the number of the last event that the client has.
        closes: whether the socket is for this run only.
    """

    def __init__(self, run: str, thread: str, last: int = -1, *, closes: bool = False) -> None:
        self._run = run
        self._thread = thread
        self._last = last
        self._closes = closes
        self.position = max(0, last + 1 - OPENING)

    def opening(self) -> Sequence[Output]:
        started = {"type": "RUN_STARTED", "runId": self._run, "threadId": self._thread}
        message = {"type": "TEXT_MESSAGE_START", "messageId": self._message, "role": "assistant"}
        return self._events([started, message], 0)

    def text(self, pieces: Sequence[str], position: int) -> Sequence[Output]:
        outputs: list[Output] = []
        first = 0
        for last in range(1, len(pieces) + 1):
            # A frame ends where a piece does, since by that a client says what it has.
            text = "".join(pieces[first:last])
            if last == len(pieces) or len(text) + len(pieces[last]) > MAX_FRAME_CHARACTERS:
                outputs.append(self._content(text, OPENING + position + last - 1))
                first = last
        return outputs

    def ending(self, ending: Ending, rest: Sequence[str], position: int) -> Sequence[Output]:
        number = OPENING + position
        outputs: list[Output] = []
        failed = ending.outcome in (Outcome.FAILED, Outcome.INTERRUPTED, "refused")
        if ending.notice and not failed and self._last < number:
            text = f"\n\n{ending.notice}" if position else ending.notice
            outputs.append(self._content(text, number))
        usage = _usage_of(ending)
        end = {"type": "TEXT_MESSAGE_END", "messageId": self._message}
        last = _error(ending.notice, usage) if failed else self._finished(ending, usage)
        outputs += self._events([end, last], number + 1)
        return [*outputs, Close(NORMAL)] if self._closes else outputs

    def unknown(self) -> Sequence[Output]:
        return [Close(POLICY, "no such run")]

    @property
    def _message(self) -> str:
        return f"{self._run}-reply"

    def _content(self, text: str, number: int) -> str:
        event = {"type": "TEXT_MESSAGE_CONTENT", "messageId": self._message, "delta": text}
        return compact({"id": str(number), "chunk": event})

    def _finished(self, ending: Ending, usage: Mapping[str, object]) -> Mapping[str, object]:
        return {
            "type": "RUN_FINISHED",
            "runId": self._run,
            "threadId": self._thread,
            "result": {"outcome": ending.outcome},
            "metadata": {"tanstack": {"finishReason": _finish_reason(ending)}},
            **usage,
        }

    def _events(self, events: Sequence[Mapping[str, object]], first: int) -> list[Output]:
        return [
            compact({"id": str(number), "chunk": event})
            for number, event in enumerate(events, first)
            if number > self._last
        ]


def _finish_reason(ending: Ending) -> str:
    return "length" if ending.outcome == Outcome.CUT else "stop"


def _error(message: str, usage: Mapping[str, object]) -> Mapping[str, object]:
    return {"type": "RUN_ERROR", "message": message, **usage}


def _usage_of(ending: Ending) -> Mapping[str, object]:
    if not ending.usage:
        return {}
    tokens = {
        "inputTokens": ending.usage.get("input_tokens", 0),
        "outputTokens": ending.usage.get("output_tokens", 0),
    }
    return {"usage": [tokens | {"totalTokens": sum(tokens.values())}]}
