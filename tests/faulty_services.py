"""DynamoDB, Bedrock and ``@connections`` on one loopback port, which fail as a script says.

A script is what happens to one call after the other; then all is well for ever. Order is kept by
waiting for what was seen (see :func:`shown`, :func:`posts` …), never by sleeping.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias
from urllib.parse import unquote

from websocket_stack.local.bedrock import event_stream

HOST = "127.0.0.1"
STAGE = "Prod"
# A script that waits for longer waits in vain.
PATIENCE_SECONDS = 10
# Far in the future, as DynamoDB writes a number.
NEVER = "9999999999"
# In every error message, so that a test can see that nobody else gets to read them.
DETAIL = "kaputt"


class Fault(Enum):
    """What happens to a call, or next on a stream, that is no answer."""

    HANG = auto()
    """Nothing, until the client leaves or the test is over."""
    RESET = auto()
    """The connection is reset (TCP RST)."""
    CLOSE = auto()
    """The connection is closed (TCP FIN) in the middle of it all."""
    END = auto()
    """The body of a stream ends as it should, but nobody said that the model is done."""
    OPEN = auto()
    """No fault yet: the stream's headers, and no event."""
    TAKE_AND_HANG = auto()
    """A post arrives, and its answer never does."""
    TAKE_AND_RESET = auto()


@dataclass(frozen=True)
class Status:
    """An HTTP error, or whatever else a proxy may say; ``error`` is the header that names it."""

    code: int
    error: str | None = None
    body: bytes | None = None


@dataclass(frozen=True)
class Always:
    """The last of a script: the same for every call from here on."""

    step: Any


@dataclass(frozen=True)
class Stop:
    """The model says that it is done, and why."""

    reason: str


@dataclass(frozen=True)
class Row:
    """A row of the session table."""

    connection_id: str | None = "connection-1"
    owner: str | None = "us-east-1:owner"
    ttl: str | None = NEVER
    contested: bool = False

    def item(self) -> dict[str, dict[str, Any]]:
        named = {"connectionId": self.connection_id, "owner": self.owner}
        item: dict[str, dict[str, Any]] = {k: {"S": v} for k, v in named.items() if v is not None}
        if self.ttl is not None:
            item["ttl"] = {"N": self.ttl}
        if self.contested:
            item["contested"] = {"BOOL": True}
        return item


Until: TypeAlias = "Callable[[FaultyServices], bool]"
"""A step that waits for something that the server sees."""
BedrockStep: TypeAlias = "str | bytes | Status | Stop | Fault | Until | threading.Event"
"""Text, an event's bytes, how it ends, or what to wait for."""
PostOutcome: TypeAlias = "None | int | Status | Fault | threading.Event"
"""``None`` is all well; a number is that status with the header that belongs to it."""
TableOutcome: TypeAlias = "Row | None | int | Status | Fault | tuple[Until, Row | None]"

ERRORS_OF_POSTS = {
    403: "ForbiddenException",
    410: "GoneException",
    413: "PayloadTooLargeException",
    429: "LimitExceededException",
}


def shown(services: FaultyServices) -> bool:
    """All that the model wrote so far was posted."""
    return services.shown == services.written


def posts(count: int) -> Until:
    """So many posts were made, whatever became of them."""
    return lambda services: services.count("post") >= count


def looks(count: int) -> Until:
    """The session was looked up so often."""
    return lambda services: services.count("table") >= count


def asked(count: int) -> Until:
    """The model was asked so often."""
    return lambda services: services.count("bedrock") >= count


def wrote(text: str) -> Until:
    """The model wrote this much."""
    return lambda services: services.written == text


def text_event(text: str) -> bytes:
    """Return the event that carries a piece of the model's text."""
    return event_stream.event(
        "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}}
    )


def start_event() -> bytes:
    """Return the event that every answer of a model starts with."""
    return event_stream.event("messageStart", {"role": "assistant"})


@dataclass
class Call:
    """A request that arrived."""

    service: str
    path: str
    headers: dict[str, str]
    body: bytes
    left: bool = False
    """The client closed the connection before it had the whole answer."""


@dataclass
class _Seen:
    calls: list[Call] = field(default_factory=list)
    frames: list[tuple[str, str]] = field(default_factory=list)
    written: str = ""
    closed: bool = False
    complaints: list[str] = field(default_factory=list)


class FaultyServices:
    """The server. Use it as a context manager; leaving it ends all that hangs."""

    def __init__(
        self,
        *,
        table: Iterable[TableOutcome | Always] = (),
        bedrock: Iterable[Sequence[BedrockStep] | Always] = (),
        posts: Iterable[PostOutcome | Always] = (),
    ) -> None:
        self._scripts = {
            "table": _endless(table),
            "bedrock": _endless(bedrock),
            "post": _endless(posts),
        }
        self._seen = _Seen()
        self._changed = threading.Condition()
        # Readable once the test is over: wakes all that hangs.
        self._over, self._end = socket.socketpair()
        self._server = _Server(self)
        self.origin = f"http://{HOST}:{self._server.server_address[1]}"
        self.streaming_endpoint = f"{self.origin}/{STAGE}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), name="faulty-services"
        )

    def __enter__(self) -> FaultyServices:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.release()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._over.close()
        self._end.close()
        if kind is None:
            assert self._seen.complaints == []

    def release(self) -> None:
        """End all that hangs and close all connections; idempotent."""
        with self._changed:
            if self._seen.closed:
                return
            self._seen.closed = True
            self._changed.notify_all()
        self._end.send(b".")
        self._server.refuse_connections()

    def drop_connections(self) -> None:
        """Close all connections, as a server or a NAT gateway does with idle ones."""
        self._server.drop_connections()

    # --- what was seen

    @property
    def frames(self) -> list[tuple[str, str]]:
        """The connection and the text of each frame that was taken, in order."""
        with self._changed:
            return list(self._seen.frames)

    @property
    def shown(self) -> str:
        """The text of all frames that were taken."""
        return "".join(text for _, text in self.frames)

    @property
    def written(self) -> str:
        """All that the model wrote."""
        with self._changed:
            return self._seen.written

    @property
    def connections(self) -> int:
        """How many connections were ever opened."""
        return self._server.accepted

    def calls(self, service: str) -> list[Call]:
        """The calls of ``table``, ``bedrock`` or ``post``, in order."""
        with self._changed:
            return [call for call in self._seen.calls if call.service == service]

    def count(self, service: str) -> int:
        return len(self.calls(service))

    def has_left(self, service: str, index: int = 0) -> bool:
        """Whether the client closed the connection of a call while it hung."""
        return self.calls(service)[index].left

    def models_asked(self) -> list[str]:
        """The model of each Bedrock call, in order."""
        return [call.path.split("/")[2] for call in self.calls("bedrock")]

    def wait_for(self, condition: Until) -> bool:
        """Wait until a condition holds; return whether it does."""
        with self._changed:
            self._changed.wait_for(lambda: self._seen.closed or condition(self), PATIENCE_SECONDS)
            held = condition(self)
            if not held and not self._seen.closed:
                self._seen.complaints.append(f"waited in vain: {condition}")
            return held

    # --- what is done, on the connections' threads

    def _take(self, handler: _Handler, body: bytes) -> None:
        path = unquote(handler.path)
        service = "post"
        if path.endswith("/converse-stream"):
            service = "bedrock"
        elif handler.headers.get("X-Amz-Target", "").startswith("DynamoDB_"):
            service = "table"
        call = Call(service, path, dict(handler.headers), body)
        with self._changed:
            self._seen.calls.append(call)
            step = next(self._scripts[service])
            self._changed.notify_all()
        try:
            {"post": self._post, "bedrock": self._bedrock, "table": self._table}[service](
                handler, call, step
            )
        except OSError:
            self._left(call)
            raise _Leave from None

    def _post(self, handler: _Handler, call: Call, step: Any) -> None:
        if isinstance(step, int):
            step = Status(step, ERRORS_OF_POSTS.get(step))
        if isinstance(step, threading.Event):
            step.wait(PATIENCE_SECONDS)
            step = None
        if step in (None, _WELL, Fault.TAKE_AND_HANG, Fault.TAKE_AND_RESET):
            self._take_frame(call)
        if isinstance(step, Status):
            handler.refuse(step)
        elif isinstance(step, Fault):
            self._fail(handler, call, step)
        else:
            handler.respond(200)

    def _take_frame(self, call: Call) -> None:
        connection_id = call.path.partition("/@connections/")[2]
        with self._changed:
            self._seen.frames.append((connection_id, call.body.decode()))
            self._changed.notify_all()

    def _table(self, handler: _Handler, call: Call, step: Any) -> None:
        if isinstance(step, tuple):
            self.wait_for(step[0])
            step = step[1]
        if isinstance(step, int):
            step = Status(step, "InternalServerError")
        if isinstance(step, Status):
            handler.refuse(step, named_in_body=True)
        elif isinstance(step, Fault):
            self._fail(handler, call, step)
        else:
            row = Row() if step is _WELL else step
            answer = {} if row is None else {"Item": row.item()}
            handler.respond(
                200, json.dumps(answer).encode(), {"Content-Type": "application/x-amz-json-1.0"}
            )

    def _bedrock(self, handler: _Handler, call: Call, steps: Any) -> None:
        opened = False
        script: Iterable[BedrockStep] = () if steps is _WELL else steps
        for step in (*script, Stop("end_turn")):
            if isinstance(step, Status):
                handler.refuse(step)
                return
            if isinstance(step, Fault) and step is not Fault.OPEN and step is not Fault.END:
                self._fail(handler, call, step)
            if isinstance(step, threading.Event):
                step.wait(PATIENCE_SECONDS)
                continue
            if callable(step):
                if not self.wait_for(step):
                    raise _Leave
                continue
            if not opened:
                opened = True
                handler.open_stream()
                if isinstance(step, str | Stop):
                    handler.write_chunk(start_event())
            if step is Fault.END:
                handler.end_stream()
                return
            if isinstance(step, Stop):
                handler.write_chunk(
                    event_stream.event("messageStop", {"stopReason": step.reason})
                    + event_stream.event("metadata", {"usage": {}, "metrics": {"latencyMs": 5}})
                )
                handler.end_stream()
                return
            if isinstance(step, str):
                with self._changed:
                    # Before it leaves: no frame can be ahead of it.
                    self._seen.written += step
                    self._changed.notify_all()
                step = text_event(step)
            if isinstance(step, bytes):
                handler.write_chunk(step)

    def _fail(self, handler: _Handler, call: Call, fault: Fault) -> None:
        if fault in (Fault.HANG, Fault.TAKE_AND_HANG):
            readable, _, _ = select.select([handler.connection, self._over], [], [])
            if self._over not in readable:
                self._left(call)
        elif fault in (Fault.RESET, Fault.TAKE_AND_RESET):
            handler.reset()
        raise _Leave

    def _left(self, call: Call) -> None:
        with self._changed:
            call.left = True
            self._changed.notify_all()

    def _complain(self, complaint: str) -> None:
        with self._changed:
            if not self._seen.closed:
                self._seen.complaints.append(complaint)


_WELL = object()


def _endless(script: Iterable[Any]) -> Iterator[Any]:
    for step in script:
        while isinstance(step, Always):
            yield step.step
        yield step
    while True:
        yield _WELL


class _Leave(Exception):
    """Close the connection and say nothing more."""


class _Handler(BaseHTTPRequestHandler):
    """One connection, kept alive."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        assert isinstance(self.server, _Server)
        try:
            self.server.services._take(self, body)
        except _Leave:
            self.close_connection = True

    def respond(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status: Status, *, named_in_body: bool = False) -> None:
        headers = {"x-amzn-ErrorType": status.error} if status.error and not named_in_body else {}
        body = status.body
        if body is None:
            named = {"__type": status.error} if named_in_body else {}
            # As API Gateway does it: an error without its header has no body either.
            body = json.dumps({"message": DETAIL} | named).encode() if status.error else b""
        self.respond(status.code, body, headers)

    def open_stream(self) -> None:
        self.send_response_only(200)
        self.send_header("Content-Type", event_stream.CONTENT_TYPE)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def write_chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def end_stream(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def reset(self) -> None:
        on_at_once = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, on_at_once)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    # All threads are joined at the end: a test leaves nothing behind.
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, services: FaultyServices) -> None:
        super().__init__((HOST, 0), _Handler)
        self.services = services
        self.accepted = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._refuses = False

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self.accepted += 1
            if self._refuses:
                request.close()
                return
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        # Without the polite shutdown, which would turn a reset into an end.
        with self._lock:
            self._open.discard(request)
            request.close()

    def refuse_connections(self) -> None:
        """Close all connections, those still to come included."""
        with self._lock:
            self._refuses = True
        self.drop_connections()

    def drop_connections(self) -> None:
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # it is gone already

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.services._complain(repr(error))


@contextmanager
def closed_port() -> Iterator[str]:
    """Yield an origin where nobody listens, and nobody will meanwhile."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        yield f"http://{HOST}:{taken.getsockname()[1]}"
