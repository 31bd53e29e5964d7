"""What the AI SDK's ``WebSocketChatTransport`` speaks. Pure.

https://ai-sdk.dev/docs/reference/ai-sdk-ui/websocket-chat-transport. It drops a connection whose
frames lack a ``type`` or a ``requestId``, or whose numbers have a gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import Ending
from websocket_stack.server.messages import transcript_of
from websocket_stack.server.protocol import (
    Ask,
    Command,
    Output,
    Resume,
    Stop,
    Unreadable,
    compact,
    json_object,
    sign_in_of,
)

# A request that the client does not have, so that it ignores the frame.
NO_REQUEST = "-"
# A message has one part, the text.
PART = "text"
# The chunks that come before the first piece.
OPENING = 2


class AiSdkProtocol:
    """One client's socket."""

    heartbeat = compact({"type": "heartbeat", "requestId": NO_REQUEST})

    def read(self, message: str) -> Command:
        value = json_object(message) or {}
        if sign_in := sign_in_of(value):
            return sign_in
        request, kind = value.get("requestId"), value.get("type")
        if not isinstance(request, str) or not request:
            return Unreadable()
        if kind == "abort":
            return Stop(request)
        chat = value.get("id")
        if not isinstance(chat, str) or not chat or kind not in ("send", "resume"):
            return _refused(request)
        token = token_in(value.get("headers"))
        if kind == "resume":
            last = value.get("lastSequence")
            last = last if isinstance(last, int) and last >= 0 else -1
            return Resume(AiSdkView(request, last), request, chat=chat, token=token)
        transcript = transcript_of(value.get("messages"))
        if transcript is None:
            return _refused(request)
        return Ask(
            request, chat, transcript.utterance, AiSdkView(request), transcript.earlier, token=token
        )


def speaks_ai_sdk(value: Mapping[str, object]) -> bool:
    """Return whether a client's first message is one of this protocol."""
    return value.get("type") in ("send", "resume", "abort") and "requestId" in value


def token_in(headers: object) -> str:
    """Return the bearer token in the headers that a message carries, if there is one."""
    if not isinstance(headers, Mapping):
        return ""
    for name, value in headers.items():
        if str(name).lower() == "authorization" and isinstance(value, str):
            scheme, _, token = value.partition(" ")
            return token.strip() if scheme.lower() == "bearer" else ""
    return ""


class AiSdkView:
    """See :class:`websocket_stack.server.protocol.View`.

    Chunk 0 begins a message and chunk 1 its text; then comes one for each piece, the same
    for every reader, which is why a client that comes back can name the last that it has.

    Args:
        request: the client's name for this reading.
        last: the number of the last chunk that it has.
    """

    def __init__(self, request: str, last: int = -1) -> None:
        self._request = request
        self._last = last
        self.position = max(0, last + 1 - OPENING)

    def opening(self) -> Sequence[Output]:
        start = compact({"type": "start", "requestId": self._request})
        chunks = ({"type": "start"}, {"type": "text-start", "id": PART})
        return [start, *self._chunks(chunks, 0)]

    def text(self, pieces: Sequence[str], position: int) -> Sequence[Output]:
        chunks = [{"type": "text-delta", "id": PART, "delta": piece} for piece in pieces]
        return self._chunks(chunks, OPENING + position)

    def ending(self, ending: Ending, rest: Sequence[str], position: int) -> Sequence[Output]:
        chunks: list[Mapping[str, object]] = [{"type": "text-end", "id": PART}]
        if not _failed(ending):
            chunks += _notice(ending)
        chunks.append({"type": "abort"} if ending.outcome == Outcome.CANCELLED else _finish(ending))
        fields: dict[str, object] = {"outcome": ending.outcome, "usage": ending.usage}
        if _failed(ending):
            return [self._frame("error", errorText=ending.notice, **fields)]
        frames = self._chunks(chunks, OPENING + position)
        return [*frames, self._frame("end", **fields)]

    def unknown(self) -> Sequence[Output]:
        return [self._frame("no-active")]

    def _chunks(self, chunks: Sequence[Mapping[str, object]], first: int) -> list[Output]:
        return [
            self._frame("chunk", sequence=number, chunk=chunk)
            for number, chunk in enumerate(chunks, first)
            if number > self._last
        ]

    def _frame(self, kind: str, **fields: object) -> str:
        return compact({"type": kind, "requestId": self._request, **fields})


def _failed(ending: Ending) -> bool:
    return ending.outcome in (Outcome.FAILED, Outcome.INTERRUPTED, "refused")


def _notice(ending: Ending) -> Sequence[Mapping[str, object]]:
    """Return a notice as a part of its own, after the text."""
    if not ending.notice:
        return ()
    return (
        {"type": "text-start", "id": "notice"},
        {"type": "text-delta", "id": "notice", "delta": ending.notice},
        {"type": "text-end", "id": "notice"},
    )


def _finish(ending: Ending) -> Mapping[str, object]:
    reason = "length" if ending.outcome == Outcome.CUT else "stop"
    return {"type": "finish", "finishReason": reason, "messageMetadata": {"usage": ending.usage}}


def _refused(request: str) -> Unreadable:
    text = "The request could not be read."
    return Unreadable([compact({"type": "error", "requestId": request, "errorText": text})])
