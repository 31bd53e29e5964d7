"""The chat page, and what it asks of this server besides the AWS services."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path

from markdown_it import MarkdownIt
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from websocket_stack.lex_bot.description import Locale
from websocket_stack.local.chat_page.suggestions import suggestions
from websocket_stack.project import FOLDER as PROJECT

FOLDER = str(files("websocket_stack.local") / "chat_page" / "static")
DOCUMENT = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title>'
    '<link rel="stylesheet" href="/page/document.css">'
    '<nav><a href="/">Chat</a> <a href="/docs/README.md">All pages</a></nav>'
    "<main>{content}</main></html>"
)
# Behind the escaping: only the page's own scripts run, and nothing is fetched from elsewhere.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Files and folders that the documents link to.
SOURCES = ("LICENSE", "examples", "templates")
# The page changes with the checkout, so the browser asks each time.
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def routes(about: Mapping[str, object], locales: Mapping[str, Locale]) -> list[BaseRoute]:
    """Return the page's routes.

    Args:
        about: what the page is told of the stack.
        locales: what the bot understands, for suggestions; it may change.
    """

    async def tell(request: Request) -> Response:
        return JSONResponse({**about, "suggestions": suggestions(locales)}, headers=HEADERS)

    return [
        Route("/", _index),
        Route("/page/about", tell),
        Route("/page/render", _render, methods=["POST"]),
        Mount("/page", _Files(directory=FOLDER)),
        # Replies about this project link to these, and so do its documents.
        Route("/{name:path}.md", _document),
        Route("/docs/", _documentation),
        *[Route(f"/{place}", _source) for place in SOURCES],
        *[Route(f"/{place}/{{file:path}}", _source) for place in SOURCES],
        Route("/websocket_stack/graphql/schema.graphql", _schema),
        Mount("/docs", _Files(directory=PROJECT / "docs", check_dir=False)),
    ]


def render(markdown: str) -> str:
    """Return Markdown as HTML; HTML in it becomes text, and unsafe links stay text."""
    rendered: str = _markdown.render(markdown)
    return rendered


async def _index(request: Request) -> Response:
    return FileResponse(f"{FOLDER}/index.html", headers=HEADERS)


async def _document(request: Request) -> Response:
    return _shown(_document_path(request.path_params["name"]))


async def _documentation(request: Request) -> Response:
    return _shown(_document_path("docs/README"))


def _shown(path: Path | None) -> Response:
    if path is None:
        return Response("Not found", 404, HEADERS, media_type="text/plain")
    body = DOCUMENT.format(title=escape(path.name), content=render(path.read_text("utf-8")))
    return Response(body, headers=HEADERS, media_type="text/html")


async def _source(request: Request) -> Response:
    """Show a file as it is, or what is in a folder."""
    path = (PROJECT / request.url.path.lstrip("/")).resolve()
    is_public = any(path.is_relative_to(PROJECT / place) for place in SOURCES)
    if is_public and path.is_file():
        return Response(path.read_bytes(), headers=HEADERS, media_type="text/plain; charset=utf-8")
    if not (is_public and path.is_dir()):
        return Response("Not found", 404, HEADERS, media_type="text/plain")
    names = sorted(each.name for each in path.iterdir() if not each.name.startswith(("_", ".")))
    links = "".join(f'<li><a href="/{path.relative_to(PROJECT)}/{n}">{n}</a>' for n in names)
    body = DOCUMENT.format(title=escape(path.name), content=f"<ul>{links}</ul>")
    return Response(body, headers=HEADERS, media_type="text/html")


async def _schema(request: Request) -> Response:
    schema = files("websocket_stack.graphql") / "schema.graphql"
    return Response(schema.read_bytes(), headers=HEADERS, media_type="text/plain; charset=utf-8")


def _document_path(name: str) -> Path | None:
    """Return where a document of the project is, or ``None`` if it is none."""
    try:
        path = (PROJECT / f"{name}.md").resolve()
        is_public = path.parent == PROJECT or path.is_relative_to(PROJECT / "docs")
        return path if is_public and path.is_file() else None
    # No file system has such a name.
    except (OSError, ValueError):
        return None


async def _render(request: Request) -> Response:
    markdown = (await request.body()).decode(errors="replace")
    return Response(render(markdown), media_type="text/html", headers=HEADERS)


class _Files(StaticFiles):
    def file_response(self, *args: object, **kwargs: object) -> Response:
        # Passed on as they come; only the headers are of interest here.
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(HEADERS)
        return response
