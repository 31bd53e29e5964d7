"""The chat page's files; its look and its question field are those of the local stack's page."""

from __future__ import annotations

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

OWN = files("websocket_stack.server") / "page" / "static"
SHARED = files("websocket_stack.local") / "chat_page" / "static"
FILES = {
    "app.js": OWN,
    "page.css": OWN,
    "runs.js": OWN,
    "composer.js": SHARED,
    "style.css": SHARED,
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def routes() -> list[BaseRoute]:
    """Return the page's routes."""
    return [Route("/", _index), Route("/page/{name}", _file)]


async def _index(request: Request) -> Response:
    return FileResponse(str(OWN / "index.html"), headers=HEADERS)


async def _file(request: Request) -> Response:
    folder = FILES.get(name := request.path_params["name"])
    if folder is None:
        return Response("Not found\n", 404, HEADERS, media_type="text/plain")
    return FileResponse(str(folder / name), headers=HEADERS)
