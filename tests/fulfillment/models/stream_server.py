"""A server on this machine that answers any boto3 call with scripted bytes of an event stream."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

import boto3
from botocore.config import Config

from websocket_stack.local.bedrock.event_stream import CONTENT_TYPE, event

Piece: TypeAlias = "bytes | threading.Event"
"""Bytes are sent at once; an event is waited for."""


def blob(payload: bytes, **members: Any) -> bytes:
    """Return a ``chunk`` event, whose bytes travel as Base64 in JSON."""
    return event("chunk", {"bytes": base64.b64encode(payload).decode(), **members})


def json_blob(payload: Mapping[str, Any]) -> bytes:
    """Return a ``chunk`` event that holds JSON, with the padding that Bedrock adds."""
    return blob(json.dumps(payload, ensure_ascii=False).encode(), p="abcdefghijkl")


class Served:
    """What the server was asked, and the client to ask it with."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.paths: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.bodies: list[Any] = []


@contextmanager
def serving(service: str, *pieces: Piece, cut: bool = False) -> Iterator[Served]:
    """Serve an event stream; one that is cut lacks the end that every chunked HTTP body has."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            served.paths.append(self.path)
            served.headers.append(dict(self.headers.items()))
            served.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in pieces:
                if isinstance(piece, threading.Event):
                    piece.wait(10)
                else:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            if cut:
                self.close_connection = True
            else:
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that hangs up is what some tests are about

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    client = boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(read_timeout=10, retries={"total_max_attempts": 1}),
    )
    served = Served(client)
    try:
        yield served
    finally:
        client.close()
        server.shutdown()
        server.server_close()


def read(answer: Any) -> tuple[str, Exception | None]:
    """Read until the end or the error; return what was written and the error."""
    chunks: list[str] = []
    try:
        for chunk in answer:
            chunks.append(chunk)
    except Exception as exc:
        return "".join(chunks), exc
    return "".join(chunks), None
