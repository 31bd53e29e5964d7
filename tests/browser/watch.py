"""Notes what must not happen in a browser: errors, dialogs, requests to elsewhere."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Request, WebSocket

# Lex Web UI loads its fonts from there. The tests' browser has no Internet: this one may fail.
FONTS = "fonts.gstatic.com"


class Watch:
    """Watches all tabs of a browser context; ``host`` is the only one that they may ask."""

    def __init__(self, context: BrowserContext, host: str) -> None:
        self._host = host
        self._expected: list[str] = []
        self._errors: list[str] = []
        self.dialogs: list[str] = []
        self.strangers: list[str] = []
        """What was asked of other hosts."""
        context.on("weberror", lambda error: self._errors.append(str(error.error)))
        context.on("console", self._said)
        context.on("dialog", self._opened)
        context.on("request", lambda request: self._asked(request))
        context.on("page", lambda tab: tab.on("websocket", self._asked))

    def expect_error(self, pattern: str) -> None:
        """Say that errors in which this regular expression is found belong to the test."""
        self._expected.append(pattern)

    def take_errors(self) -> list[str]:
        """Return the exceptions and the errors in the console since the last call.

        Those that were expected are left out.
        """
        errors, self._errors = self._errors, []
        return [
            error
            for error in errors
            if not any(re.search(pattern, error) for pattern in self._expected)
        ]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and FONTS not in message.location["url"]:
            self._errors.append(f"{message.text} ({message.location['url']})")

    def _opened(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.type)
        dialog.dismiss()

    def _asked(self, request: Request | WebSocket) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.netloc not in (self._host, FONTS):
            self.strangers.append(request.url)
