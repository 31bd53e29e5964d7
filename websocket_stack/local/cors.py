"""Cross-origin calls, answered as AWS's own services answer them."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The wildcard stands for any header but one: a browser sends Authorization only where it is named.
# https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name
PREFLIGHT = {
    "access-control-allow-headers": "*,authorization,content-type,date,x-amz-content-sha256,"
    "x-amz-date,x-amz-security-token,x-amz-target,x-amz-user-agent,x-api-key",
    "access-control-allow-methods": "DELETE,GET,OPTIONS,POST,PUT",
    "access-control-max-age": "172800",
}
ORIGIN = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "*",
}


class Cors:
    """Lets pages of any origin call services.

    Args:
        app: the application.
        exact: paths of services.
        prefixes: the beginnings of other paths of services.
    """

    def __init__(self, app: ASGIApp, exact: frozenset[str], prefixes: tuple[str, ...]) -> None:
        self._app = app
        self._exact = exact
        self._prefixes = prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._is_service(scope["path"]):
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 200, "headers": _preflight()})
            await send({"type": "http.response.body"})
        else:
            await self._app(scope, receive, _adding_origin(send))

    def _is_service(self, path: str) -> bool:
        return path in self._exact or path.startswith(self._prefixes)


def _preflight() -> list[tuple[bytes, bytes]]:
    headers = MutableHeaders({**ORIGIN, **PREFLIGHT, "content-length": "0"})
    return headers.raw


def _adding_origin(send: Send) -> Send:
    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(ORIGIN)
        await send(message)

    return adding
