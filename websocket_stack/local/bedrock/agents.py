"""InvokeAgent with a model as the agent: its requests, its memory, and the events of its replies.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_InvokeAgent.html
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fulfillment.models.base import Message, ModelStream, Prompt
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.bedrock.event_stream import event
from websocket_stack.local.bedrock.validation import validate

MAX_TOKENS = 2048
# An agent's memory of its session; AWS bounds it by the model's context and an idle time.
MAX_TURNS = 10
MAX_SESSIONS = 1000
# An agent's whole reply where the session ends, whatever else it is asked.
SESSION_ENDED = "Session is terminated as 'endSession' flag is set in request."


class Invocation(NamedTuple):
    """An InvokeAgent request; ``session`` is the agent, its alias and the session's id."""

    session: tuple[str, str, str]
    text: str
    is_streamed: bool
    ends_session: bool
    memory_id: str


def invocation_of(path: Mapping[str, str], body: Mapping[str, Any]) -> Invocation:
    """Read a request, for any agent.

    Args:
        path: the names in its path.
        body: its body.

    Raises:
        ServiceError: 400, mostly ``ValidationException``.
    """
    validate("bedrock-agent-runtime", "InvokeAgent", {**body, **path})
    text = body.get("inputText") or ""
    ends_session = bool(body.get("endSession"))
    if not text.strip() and not ends_session:
        raise ServiceError(400, "ValidationException", "inputText is required and not blank.")
    streaming = body.get("streamingConfigurations") or {}
    return Invocation(
        (path["agentId"], path["agentAliasId"], path["sessionId"]),
        text,
        is_streamed=bool(streaming.get("streamFinalResponse")),
        ends_session=ends_session,
        memory_id=body.get("memoryId") or "",
    )


class AgentSessions:
    """The latest turns of the latest sessions."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, str, str], tuple[Message, ...]] = {}
        self._lock = threading.Lock()

    def prompt(self, invocation: Invocation) -> Prompt:
        """Return the prompt of an invocation, with the earlier turns of its session."""
        earlier = self._sessions.get(invocation.session, ())
        question = Message("user", invocation.text)
        return Prompt((*earlier, question), max_tokens=MAX_TOKENS)

    def remember(self, invocation: Invocation, reply: str) -> None:
        """Add a turn to its session, unless the reply is blank."""
        if not reply.strip():
            return
        turn = (Message("user", invocation.text), Message("assistant", reply.strip()))
        with self._lock:
            earlier = self._sessions.pop(invocation.session, ())
            # The session that was used last goes last.
            self._sessions[invocation.session] = (*earlier, *turn)[-2 * MAX_TURNS :]
            while len(self._sessions) > MAX_SESSIONS:
                del self._sessions[next(iter(self._sessions))]

    def end(self, invocation: Invocation) -> None:
        """Forget a session."""
        with self._lock:
            self._sessions.pop(invocation.session, None)


def events(
    stream: ModelStream,
    cite: Callable[[str], Sequence[Mapping[str, Any]]],
    remember: Callable[[str], None],
    *,
    is_streamed: bool,
) -> Iterator[bytes]:
    """Yield the events of a reply while the model writes it.

    Args:
        stream: the model's call.
        is_streamed: whether there is an event a chunk; if not, there is one event at the end.
        cite: returns the citations of a text.
        remember: takes what was written, even if no one reads the events to the end.

    Raises:
        ModelError: the model failed.
    """
    written = ""
    try:
        for text in filter(None, stream):
            written += text
            if is_streamed:
                yield chunk(text)
        citations = cite(written)
        if citations or not is_streamed:
            yield chunk("" if is_streamed else written, citations)
    finally:
        remember(written)


def chunk(text: str, citations: Sequence[Mapping[str, Any]] = ()) -> bytes:
    """Return one event of an agent's reply."""
    attribution = {"attribution": {"citations": citations}} if citations else {}
    blob = base64.b64encode(text.encode()).decode()
    return event("chunk", {"bytes": blob, **attribution})
