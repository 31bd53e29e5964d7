"""The chat page's files, headers and Markdown; what it does in a browser is tested elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from websocket_stack.local.chat_page import routes as chat_page_routes
from websocket_stack.local.chat_page.routes import render

FILES = sorted(path.name for path in Path(chat_page_routes.FOLDER).iterdir() if path.is_file())


@pytest.fixture
def http() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=chat_page_routes.routes({"model": "demo"}, {}))) as made:
        yield made


# --- Markdown


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**bold** and `code`", "<p><strong>bold</strong> and <code>code</code></p>\n"),
        ("~~gone~~", "<p><s>gone</s></p>\n"),
        ("", ""),
        ("a < b & c", "<p>a &lt; b &amp; c</p>\n"),
    ],
)
def test_markdown_becomes_html(markdown: str, html: str) -> None:
    assert render(markdown) == html


def test_a_table_becomes_a_table() -> None:
    assert "<td>2</td>" in render("| a | b |\n|---|---|\n| 1 | 2 |")


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "text <b onclick=alert(1)>bold</b>",
        "<img src=x onerror=alert(1)>",
        "<!-- comment -->",
        "`<b>` and ``` <i> ```",
        "```html\n<script>alert(1)</script>\n```",
        "```<script>\ncode\n```",
        '# <svg onload="alert(1)">',
        "| <b> |\n|---|\n| <i> |",
        "&lt;script&gt;",
        '[link](https://example.com "<b>")',
    ],
)
def test_html_in_a_reply_stays_text(markdown: str) -> None:
    tags = re.findall(r"<\s*/?([a-z!][a-z0-9]*)", render(markdown).lower())
    own = {"p", "pre", "code", "h1", "table", "thead", "tbody", "tr", "th", "td", "a"}

    assert set(tags) <= own


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java&#115;cript:alert(1)",
        "&#x6A;avascript:alert(1)",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "data:text/html,<script>alert(1)</script>",
    ],
)
@pytest.mark.parametrize("form", ["[click]({})", "![image]({})", "<{}>", "[click][1]\n\n[1]: {}"])
def test_a_dangerous_link_is_text(url: str, form: str) -> None:
    html = render(form.format(url))

    assert "href" not in html
    assert "src" not in html


def test_an_ordinary_link_is_one() -> None:
    html = render("[docs](https://example.com/a?b=c&d=e)")

    assert html == '<p><a href="https://example.com/a?b=c&amp;d=e">docs</a></p>\n'


@pytest.mark.parametrize("markdown", [">" * 5000, "[" * 5000, "*" * 5000, "- " * 2000])
def test_deep_nesting_is_rendered(markdown: str) -> None:
    assert render(markdown)


# --- files


def test_the_page_is_at_the_root(http: TestClient) -> None:
    response = http.get("/")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "<!doctype html>" in response.text.lower()


@pytest.mark.parametrize("path", ["/", *(f"/page/{name}" for name in FILES)])
def test_every_file_comes_with_the_headers(http: TestClient, path: str) -> None:
    response = http.get(path)

    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert policy == chat_page_routes.CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("suffix", "kind"), [(".js", "text/javascript"), (".css", "text/css"), (".html", "text/html")]
)
def test_every_file_has_its_type(http: TestClient, suffix: str, kind: str) -> None:
    names = [name for name in FILES if name.endswith(suffix)]
    assert names
    for name in names:
        # With nosniff a browser runs no script of another type.
        assert http.get(f"/page/{name}").headers["content-type"].startswith(kind)


def test_a_file_outside_the_folder_is_not_found(http: TestClient) -> None:
    for path in ("/page/missing.js", "/page/..%2Fpage.py", "/page/%2e%2e/page.py"):
        assert http.get(path).status_code == 404


def test_render_answers_a_reply_as_html(http: TestClient) -> None:
    response = http.post("/page/render", content="**Grüße** <b>".encode())

    assert response.text == "<p><strong>Grüße</strong> &lt;b&gt;</p>\n"
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"] == chat_page_routes.CONTENT_SECURITY_POLICY
    assert http.get("/page/render").status_code in (404, 405)


def test_render_takes_bytes_that_are_no_text(http: TestClient) -> None:
    assert http.post("/page/render", content=b"\xff").text == "<p>\ufffd</p>\n"


def test_the_page_itself_obeys_its_policy() -> None:
    html = Path(chat_page_routes.FOLDER, "index.html").read_text("utf-8")

    for script in re.findall(r"<script\b[^>]*>", html):
        assert 'src="/page/' in script
    assert not re.search(r"<[^>]+\son[a-z]+\s*=", html)
    assert not re.search(r"<[^>]+\sstyle\s*=|<style", html)
    assert not re.search(r"""(?:src|href)="(?:https?:)?//""", html)


def test_every_imported_module_exists(http: TestClient) -> None:
    sources = {name: Path(chat_page_routes.FOLDER, name).read_text("utf-8") for name in FILES}
    wanted = set(re.findall(r'(?:src|href)="(/page/[^"]+)"', sources["index.html"]))
    for name, source in sources.items():
        if name.endswith(".js"):
            wanted |= {f"/page/{each}" for each in re.findall(r'from "\./([^"]+)"', source)}

    assert wanted
    for path in wanted:
        assert http.get(path).status_code == 200


# --- what replies link to


@pytest.mark.parametrize(
    "path", ["/README.md", "/docs", "/docs/", "/docs/deploy.md", "/docs/reference/settings.md"]
)
def test_a_document_of_the_project_can_be_read(http: TestClient, path: str) -> None:
    response = http.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "<h1>" in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_a_picture_of_the_docs_is_shown(http: TestClient) -> None:
    assert http.get("/docs/reader.svg").headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing.md",
        "/a%00b.md",
        f"/{5_000 * 'a'}.md",
        "/tests/notes.md",
        "/docs/../../etc/passwd.md",
        "/.venv/x.md",
    ],
)
def test_nothing_else_is_served(http: TestClient, path: str) -> None:
    assert http.get(path).status_code == 404


def test_a_document_leads_back_to_the_chat(http: TestClient) -> None:
    assert '<nav><a href="/">Chat</a>' in http.get("/README.md").text


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/LICENSE", "Apache License"),
        ("/examples/order_tracking.py", "from fulfillment import"),
        ("/examples", '<a href="/examples/order_tracking.py">'),
    ],
)
def test_what_documents_link_to_can_be_read(http: TestClient, path: str, part: str) -> None:
    response = http.get(path)
    assert part in response.text
    assert response.headers["content-type"].split(";")[0] in ("text/plain", "text/html")


@pytest.mark.parametrize(
    "path",
    ["/examples/none.py", "/examples/%2e%2e/setup.cfg", "/examples/..%2f..%2f..%2fetc/passwd"],
)
def test_other_files_cannot(http: TestClient, path: str) -> None:
    assert http.get(path).status_code == 404
