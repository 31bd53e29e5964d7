"""Real boto3 clients whose HTTP never leaves the process: responses are scripted as bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config


class RawBody:
    """What urllib3 hands to botocore: a body that comes in pieces, and may break."""

    def __init__(self, pieces: Iterable[bytes | Exception]) -> None:
        self._pieces = pieces
        self.closed = False

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def close(self) -> None:
        self.closed = True


Reply = Callable[[AWSPreparedRequest], AWSResponse]


def response(url: str, status: int, headers: Mapping[str, str], body: RawBody) -> AWSResponse:
    """Return what botocore makes of a response."""
    fields = HTTPHeaders()
    for name, value in headers.items():
        fields[name] = value
    return AWSResponse(url, status, fields, body)


def streamed(*pieces: bytes | Exception) -> Reply:
    """Answer with an event stream."""
    headers = {"Content-Type": "application/vnd.amazon.eventstream"}
    return lambda request: response(request.url, 200, headers, RawBody(pieces))


def refused(status: int, code: str | None = None, message: str = "") -> Reply:
    """Answer with an error, with or without the header that names it."""
    headers = {"x-amzn-ErrorType": code} if code else {}
    body = json.dumps({"message": message}).encode() if message else b""
    return lambda request: response(request.url, status, headers, RawBody([body]))


def raised(error: Exception) -> Reply:
    """Fail as the network does."""

    def reply(request: AWSPreparedRequest) -> AWSResponse:
        raise error

    return reply


def answered(status: int = 200, body: bytes = b"") -> Reply:
    """Answer with a body."""
    return lambda request: response(request.url, status, {}, RawBody([body]))


def client(service: str, *replies: Reply, **options: Any) -> tuple[Any, list[Any]]:
    """Return a client that gets these replies in turn, and the list of what it sent."""
    # The stubs know no service whose name is a variable.
    make_client: Any = boto3.client
    made = make_client(
        service,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
        **options,
    )
    sent: list[AWSPreparedRequest] = []
    script = iter(replies)

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        sent.append(request)
        return next(script)(request)

    made.meta.events.register("before-send", send)
    return made, sent
