"""The journal over HTTP, for the chat page."""

from __future__ import annotations

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from websocket_stack.local.journal.journal import Invocation, Journal, as_json

PATH = "/page/invocations"
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
# A function returns after its last frame, so that a page may ask before its end.
MAX_WAIT_SECONDS = 2.0
POLL_SECONDS = 0.02


def routes(journal: Journal | None) -> list[Route]:
    """Return the routes.

    Args:
        journal: the journal, or ``None`` where others than this machine reach the stack: it holds
            what their users write.
    """

    async def invocations(request: Request) -> Response:
        if journal is None:
            return JSONResponse({"last": 0, "invocations": []}, headers=HEADERS)
        after = request.query_params.get("after", "")
        found = await _ended(journal, int(after) if after.isdecimal() else journal.last)
        body = {"last": journal.last, "invocations": [as_json(each) for each in found]}
        return JSONResponse(body, headers=HEADERS)

    return [Route(PATH, invocations)]


async def _ended(journal: Journal, after: int) -> list[Invocation]:
    """Return the invocations after one, when all have ended or it has taken too long."""
    with anyio.move_on_after(MAX_WAIT_SECONDS):
        while any(each.seconds is None for each in journal.since(after)):
            await anyio.sleep(POLL_SECONDS)
    return journal.since(after)
