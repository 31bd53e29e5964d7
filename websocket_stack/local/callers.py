"""Who may call the stack: this machine and its pages, and no page of the web.

A browser sends any page's requests to this machine, where they would spend the developer's money
and read the replies. A page's own name may even lead here (DNS rebinding), so a request has to name
this machine, and its page has to be one of this machine's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from websocket_stack.local.aws_json import json_response

EVERY_ADDRESS = ("0.0.0.0", "::")
# The browser resolves each of these to the loopback address itself.
# https://www.rfc-editor.org/rfc/rfc6761#section-6.3
LOOPBACK_NAME = re.compile(r"(.+\.)?localhost\.?", re.IGNORECASE)


class CallerCheck:
    """Refuses requests for another host, and those of pages of another host.

    Args:
        app: the application.
        hosts: the names and addresses that the stack is reached by, besides the loopback ones. With
            one of ``EVERY_ADDRESS`` among them, each IP address is one: no name leads to it that is
            somebody else's.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._has_every_address = not self._hosts.isdisjoint(EVERY_ADDRESS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = self._refusal(Headers(scope=scope)) if scope["type"] != "lifespan" else ""
        if not reason:
            await self._app(scope, receive, send)
            return
        headers = {"x-amzn-ErrorType": "ForbiddenException"}
        response = json_response({"message": reason}, 403, headers)
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(response)
        else:
            await response(scope, receive, send)

    def _refusal(self, headers: Headers) -> str:
        """Return why a request is refused, or nothing."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._is_ours(_name_of(f"//{host}")):
            return "This is no name of this machine: start it with --allow-host to be called by it"
        if origin is not None:
            page = urlsplit(origin) if _name_of(origin) else None
            if page is None or not (page.netloc == host or self._is_known(page.hostname or "")):
                return "No page of another host calls this stack; see --allow-host"
        elif headers.get("sec-fetch-site") == "cross-site":
            # Somebody may follow a link to here.
            if headers.get("sec-fetch-mode") != "navigate":
                return "No page of another host calls this stack"
        return ""

    def _is_ours(self, host: str) -> bool:
        return self._is_known(host) or (self._has_every_address and _is_address(host))

    def _is_known(self, host: str) -> bool:
        return is_loopback(host) or host in self._hosts


def is_loopback(host: str) -> bool:
    """Return whether a name or address always leads to the machine that uses it."""
    if _is_address(host):
        return ip_address(host).is_loopback
    return LOOPBACK_NAME.fullmatch(host) is not None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _name_of(address: str) -> str:
    """Return the host of an address, without its port; empty where there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
