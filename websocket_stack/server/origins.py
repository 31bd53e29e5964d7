"""Which pages may use the server."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection


def is_allowed(connection: HTTPConnection, origins: frozenset[str]) -> bool:
    """Return whether a request's page may use this server.

    Args:
        connection: the request, or a socket's handshake.
        origins: those of pages that may; without any, the server's own pages may. What sends no
            origin is no browser, and has no user's cookies to misuse.
    """
    origin = connection.headers.get("origin")
    if origin is None or "*" in origins:
        return True
    if origins:
        return origin.lower() in origins
    return urlsplit(origin).netloc.lower() == connection.headers.get("host", "").lower()
