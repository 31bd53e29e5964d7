"""Presigns the address of ``$connect`` as Lex Web UI does. What it returns is a secret."""

from __future__ import annotations

from urllib.parse import quote

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

# As Lex Web UI signs: service execute-api, GET, the host header alone, an hour.
# https://github.com/aws-samples/aws-lex-web-ui/blob/master/lex-web-ui/src/store/actions.js
SERVICE = "execute-api"
EXPIRES_SECONDS = 3600


def with_session(endpoint: str, session_id: str) -> str:
    """Return the address of ``$connect`` for a session, unsigned; takes ``wss://…/Prod``."""
    return f"{endpoint}?sessionId={quote(session_id, safe='')}"


def signed(endpoint: str, session_id: str, credentials: ReadOnlyCredentials, region: str) -> str:
    """Return the address of ``$connect`` for a session, signed."""
    # Signed as the GET that an upgrade is, at https.
    request = AWSRequest(
        method="GET", url=with_session(endpoint, session_id).replace("ws", "http", 1)
    )
    SigV4QueryAuth(credentials, SERVICE, region, expires=EXPIRES_SECONDS).add_auth(request)
    return str(request.url).replace("http", "ws", 1)
