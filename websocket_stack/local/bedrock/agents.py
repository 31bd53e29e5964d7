"""InvokeAgent with a model as the agent: what it is asked, what it remembers, and the events.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_InvokeAgent.html
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fulfillment.models.base import Message, ModelStream, Prompt
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.bedrock import constraints
from websocket_stack.local.bedrock import event_stream as eventstream

MAX_TOKENS = 2048
# An agent's memory of its session; AWS bounds it by the model's context and an idle time.
MOST_TURNS = 10
MOST_SESSIONS = 1000
# All that an agent says to the end of a session, whatever else it is asked.
ENDED = "Session is terminated as 'endSession' flag is set in request."

Cite = Callable[[str], Sequence[Mapping[str, Any]]]


class Invocation(NamedTuple):
    """What an agent is asked; ``session`` names the agent's too."""

    session: tuple[str, ...]
    text: str
    streams: bool
    ends_session: bool
    memory_id: str


def invocation_of(path: Mapping[str, str], body: Mapping[str, Any]) -> Invocation:
    """Read a request; any agent will do.

    Raises:
        ServiceError: 400, mostly ``ValidationException``.
    """
    constraints.check("bedrock-agent-runtime", "InvokeAgent", {**body, **path})
    text = body.get("inputText") or ""
    ends_session = bool(body.get("endSession"))
    if not text.strip() and not ends_session:
        raise ServiceError(400, "ValidationException", "inputText is required and not blank.")
    streaming = body.get("streamingConfigurations") or {}
    return Invocation(
        tuple(path[name] for name in ("agentId", "agentAliasId", "sessionId")),
        text,
        streams=bool(streaming.get("streamFinalResponse")),
        ends_session=ends_session,
        memory_id=body.get("memoryId") or "",
    )


class Sessions:
    """What was said in the latest sessions, the latest turns of each."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, ...], tuple[Message, ...]] = {}
        self._lock = threading.Lock()

    def prompt(self, invocation: Invocation) -> Prompt:
        earlier = self._sessions.get(invocation.session, ())
        asked = Message("user", invocation.text)
        return Prompt((*earlier, asked), max_tokens=MAX_TOKENS)

    def remember(self, invocation: Invocation, written: str) -> None:
        if not written.strip():
            return
        turn = (Message("user", invocation.text), Message("assistant", written.strip()))
        with self._lock:
            earlier = self._sessions.pop(invocation.session, ())
            # The one that was used last goes last.
            self._sessions[invocation.session] = (*earlier, *turn)[-2 * MOST_TURNS :]
            while len(self._sessions) > MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]

    def end(self, invocation: Invocation) -> None:
        with self._lock:
            self._sessions.pop(invocation.session, None)


def events(
    answer: ModelStream, streams: bool, cite: Cite, remember: Callable[[str], None]
) -> Iterator[bytes]:
    """Yield the events of an answer that is being written.

    One chunk at the end, unless the agent streams. What was written is remembered, even if nobody
    reads it to the end. Takes what finds the citations of a text.

    Raises:
        ModelError: see :class:`fulfillment.models.base.ModelStream`.
    """
    written = ""
    try:
        for text in filter(None, answer):
            written += text
            if streams:
                yield chunk(text)
        citations = cite(written)
        if citations or not streams:
            yield chunk("" if streams else written, citations)
    finally:
        remember(written)


def chunk(text: str, citations: Sequence[Mapping[str, Any]] = ()) -> bytes:
    """Return one event of an agent's answer."""
    attribution = {"attribution": {"citations": citations}} if citations else {}
    blob = base64.b64encode(text.encode()).decode()
    return eventstream.event("chunk", {"bytes": blob, **attribution})
