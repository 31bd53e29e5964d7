"""Notes the calls of models, knowledge bases and agents that pass through the stack."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.eventstream import EventStreamBuffer, EventStreamError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from websocket_stack.local.journal.journal import Journal, ModelCall

PATHS = re.compile(r"/model/|/agents/|/retrieveAndGenerateStream$")
EVENT_STREAM = "application/vnd.amazon.eventstream"


class ModelCalls:
    """An application whose calls of models are noted.

    Args:
        app: the application.
        journal: where they are noted.
        clock: a clock in seconds.
    """

    def __init__(
        self, app: ASGIApp, journal: Journal, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._journal = journal
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        invocation = self._journal.current()
        if scope["type"] != "http" or not PATHS.match(scope["path"]) or invocation is None:
            await self._app(scope, receive, send)
            return
        started = self._clock()
        call = ModelCall(scope["path"], None)
        invocation.calls.append(call)
        sent, received = bytearray(), bytearray()
        headers: dict[bytes, bytes] = {}

        async def note_request() -> Message:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def note_response(message: Message) -> None:
            headers.update(message.get("headers", ()))
            received.extend(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, note_request, note_response)
        finally:
            call.seconds = self._clock() - started
            call.request = _json(bytes(sent))
            is_stream = headers.get(b"content-type", b"").decode().startswith(EVENT_STREAM)
            call.reply = reply_of(_events(bytes(received))) if is_stream else _json(bytes(received))


def reply_of(events: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Put the events of a model's stream together.

    Args:
        events: their types and members, as ConverseStream, or another of the stack's streams, has
            them. What has no place of its own is kept under its type.
    """
    reply: dict[str, Any] = {"text": ""}
    tools: dict[int, dict[str, Any]] = {}
    for kind, members in events:
        index = members.get("contentBlockIndex", 0)
        delta = members.get("delta", {})
        if kind == "contentBlockStart" and "toolUse" in members.get("start", {}):
            tools[index] = {"name": members["start"]["toolUse"].get("name"), "input": ""}
        elif kind == "contentBlockDelta" and "toolUse" in delta and index in tools:
            tools[index]["input"] += delta["toolUse"].get("input", "")
        elif kind == "contentBlockDelta":
            reply["text"] += delta.get("text", "")
        elif kind == "messageStop":
            reply["stopReason"] = members.get("stopReason")
        elif kind == "metadata":
            reply["usage"] = members.get("usage")
        elif kind not in ("messageStart", "contentBlockStop"):
            reply.setdefault(kind, []).append(members)
    if tools:
        reply["toolCalls"] = list(tools.values())
    return reply


def _events(body: bytes) -> list[tuple[str, Mapping[str, Any]]]:
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    events: list[tuple[str, Mapping[str, Any]]] = []
    try:
        for event in buffer:
            headers: Any = event.headers
            kind = headers.get(":event-type") or headers.get(":exception-type") or "event"
            members = _json(event.payload)
            events.append((kind, members if isinstance(members, dict) else {"value": members}))
    # The stream was cut; what came before stands.
    except EventStreamError:
        pass
    return events


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
