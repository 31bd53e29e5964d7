"""Signature Version 4 in an address, written from AWS's description and not with botocore.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterable
from urllib.parse import quote, unquote

from starlette.requests import HTTPConnection

ALGORITHM = "AWS4-HMAC-SHA256"
HOST = "127.0.0.1:8000"
PATH = "/Prod"


def presigned(  # noqa: PLR0913
    parameters: Iterable[tuple[str, str]],
    at: float,
    *,
    key: str = "GUEST",
    secret: str = "guest's secret",
    token: str | None = "token/+=",
    service: str = "execute-api",
    expires: str = "3600",
    host: str = HOST,
) -> str:
    """Return a query string, signed at a time in epoch seconds."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
    scope = f"{stamp[:8]}/us-east-1/{service}/aws4_request"
    pairs = [
        *parameters,
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", f"{key}/{scope}"),
        ("X-Amz-Date", stamp),
        ("X-Amz-Expires", expires),
        ("X-Amz-SignedHeaders", "host"),
        *([("X-Amz-Security-Token", token)] if token is not None else []),
    ]
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs)
    query = "&".join(f"{name}={value}" for name, value in encoded)
    canonical = f"GET\n{PATH}\n{query}\nhost:{host}\n\nhost\n{_hash('')}"
    signed = f"AWS4{secret}".encode()
    for part in [*scope.split("/"), f"{ALGORITHM}\n{stamp}\n{scope}\n{_hash(canonical)}"]:
        signed = hmac.digest(signed, part.encode(), "sha256")
    return f"{query}&X-Amz-Signature={signed.hex()}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def upgrade(query: str = "", host: str = HOST, **headers: str) -> HTTPConnection:
    """Return the request for a WebSocket at an address."""
    named = {"host": host, **headers}
    scope = {
        "type": "websocket",
        "path": unquote(PATH),
        "raw_path": PATH.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    return HTTPConnection(scope)
