"""Presigned addresses of ``$connect``, as Lex Web UI makes them. Each is a secret."""

from __future__ import annotations

from urllib.parse import quote

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

# Lex Web UI signs for: service execute-api, GET, the host header alone, an hour.
# https://github.com/aws-samples/aws-lex-web-ui/blob/master/lex-web-ui/src/store/actions.js
SERVICE = "execute-api"
EXPIRES_SECONDS = 3600


def with_session(endpoint: str, session_id: str) -> str:
    """Return the unsigned address of ``$connect`` for a session; ``endpoint`` is ``wss://…/Prod``."""
    return f"{endpoint}?sessionId={quote(session_id, safe='')}"


def signed(endpoint: str, session_id: str, credentials: ReadOnlyCredentials, region: str) -> str:
    """Return the signed address of ``$connect`` for a session."""
    # An upgrade is signed as a GET of the https address.
    request = AWSRequest(
        method="GET", url=with_session(endpoint, session_id).replace("ws", "http", 1)
    )
    SigV4QueryAuth(credentials, SERVICE, region, expires=EXPIRES_SECONDS).add_auth(request)
    return str(request.url).replace("http", "ws", 1)
