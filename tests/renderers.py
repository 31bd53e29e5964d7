"""What renders Markdown in chat clients, and what in the rendered HTML would run or be fetched."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import cmarkgfm
from cmarkgfm.cmark import Options
from markdown_it import MarkdownIt

MARKED = Path(__file__).with_name("marked")
EXTENSIONS = ["table", "strikethrough", "autolink", "tasklist"]

# What Markdown itself makes: anything else came through from the document.
ATTRIBUTES = {
    **dict.fromkeys(("p", "em", "strong", "del", "s", "br", "hr", "pre", "ul", "blockquote"), ""),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr"), ""),
    **{"a": "href title", "img": "src alt title", "code": "class", "ol": "start", "li": ""},
    **{"th": "align style", "td": "align style", "input": "type checked disabled"},
}
SAFE_SCHEMES = {"http", "https", "mailto", "tel"}
# Browsers drop these from an address before they read it.
_IGNORED_IN_ADDRESSES = re.compile(r"[\x00-\x20]")


def dangers(html: str, *, pictures: bool = False) -> list[str]:
    """Return what a browser would run or fetch by itself in the HTML of a rendered document."""
    reader = _Reader(pictures=pictures)
    reader.feed(html)
    reader.close()
    return reader.dangers


class _Reader(HTMLParser):
    def __init__(self, *, pictures: bool) -> None:
        super().__init__()
        self.dangers: list[str] = []
        self._pictures = pictures

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = ATTRIBUTES.get(tag, "").split()
        if tag not in ATTRIBUTES or (tag == "img" and not self._pictures):
            self.dangers.append(f"<{tag}>")
        for name, value in attrs:
            address = _IGNORED_IN_ADDRESSES.sub("", value or "")
            scheme = re.match(r"([a-z][a-z0-9+.-]*):", address, re.IGNORECASE)
            runs = name in ("href", "src") and scheme and scheme[1].lower() not in SAFE_SCHEMES
            if name not in names or runs:
                self.dangers.append(f"<{tag} {name}={value}>")

    def handle_comment(self, data: str) -> None:
        self.dangers.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.dangers.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.dangers.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.dangers.append(f"<![{data}")


def _markdown_it(*extensions: str) -> Callable[[str], str]:
    renderer = MarkdownIt("commonmark", {"html": True}).enable(list(extensions))
    # By itself it drops links that run something; others do not.
    renderer.validateLink = lambda url: True  # type: ignore[method-assign]
    return renderer.render


def _cmark_gfm(document: str) -> str:
    options = Options.CMARK_OPT_UNSAFE
    html: str = cmarkgfm.markdown_to_html_with_extensions(document, options, EXTENSIONS)
    return html


IN_PYTHON: dict[str, Callable[[str], str]] = {
    "CommonMark": _markdown_it(),
    "markdown-it": _markdown_it("table", "strikethrough"),
    "cmark-gfm": _cmark_gfm,
}


@cache
def why_not_marked() -> str:
    """Return why no version of marked can be rendered with, or an empty text."""
    if not shutil.which("node"):
        return "Node.js is not installed"
    if not (MARKED / "node_modules").exists():
        return "marked is not installed: npm install --prefix tests/marked"
    return ""


class Marked:
    """All installed versions of marked, and Lex Web UI's own; a context manager."""

    def __enter__(self) -> Marked:
        self._process = subprocess.Popen(
            ["node", "render.mjs"],
            cwd=MARKED,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self.names: list[str] = self._answer()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.communicate()

    def render(self, documents: Sequence[str]) -> list[dict[str, list[str]]]:
        """Return the HTML of each document, and which versions make it."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(documents) + "\n")
        self._process.stdin.flush()
        rendered: list[dict[str, list[str]]] = self._answer()
        return rendered

    def _answer(self) -> list:  # type: ignore[type-arg]
        assert self._process.stdout
        answer: list = json.loads(self._process.stdout.readline())  # type: ignore[type-arg]
        return answer


def rendered_in_python(documents: Iterable[str]) -> list[dict[str, list[str]]]:
    """Return the HTML of each document, and which renderers of Python make it."""
    rendered = []
    for document in documents:
        htmls: dict[str, list[str]] = {}
        for name, render in IN_PYTHON.items():
            htmls.setdefault(render(document), []).append(name)
        rendered.append(htmls)
    return rendered
