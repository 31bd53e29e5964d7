"""A built Lex Web UI that the stack serves: what is served of it, and what is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from tests.stack_fixture import running_stack
from tests.websocket_stack.local import built_ui
from websocket_stack.command_line import CommandFailed
from websocket_stack.local import lex_web_ui
from websocket_stack.local.chat_page import routes as chat_page_routes
from websocket_stack.local.lex_web_ui import check, configure, with_aws_hosts

CONFIGURATION = "lex-web-ui-loader-config.json"
ASSETS = {
    "lex-web-ui-loader.min.js": b"/*! loader */",
    "lex-web-ui-loader.min.css": b"body{}\r\n",
    "wav-worker.min.js": b"\xef\xbb\xbfupgrade-insecure-requests;<head>",
    "logo.png": bytes(range(256)),
}
# Names that this server uses itself.
CLASHING = {
    CONFIGURATION: b'{"lex": "of AWS"}',
    "health": b"not the health",
    "Prod": b"not the API",
    "README.md": b"not the README",
}
SECRET = b"beside the folder"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parent = tmp_path_factory.mktemp("ui")
    (parent / "secret.txt").write_bytes(SECRET)
    dist = built_ui.write(parent / "dist")
    (dist / "parent.html").write_text("<HTML><HEAD LANG='en'><SCRIPT></SCRIPT></HEAD></HTML>")
    for name, content in (ASSETS | CLASHING).items():
        (dist / name).write_bytes(content)
    (dist / "folder").mkdir()
    return dist


@pytest.fixture(scope="module")
def origin(folder: Path) -> Iterator[str]:
    routes = lex_web_ui.routes(folder, "Prod")
    with running_stack(further_routes=routes, hosts=["0.0.0.0", "laptop"]) as dist:
        yield dist


def get(origin: str, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    """Send a path as it is: what normalises it would hide what is tested."""
    with closing(HTTPConnection(origin.partition("://")[2], timeout=20)) as connection:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response, response.read()


# --- its pages


@pytest.mark.parametrize("path", ["/lex-web-ui/", "/lex-web-ui/index.html", "/index.html"])
def test_its_page_gets_the_script_and_no_https(origin: str, path: str) -> None:
    response, body = get(origin, path)
    html = body.decode()

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert html.count(lex_web_ui.SCRIPT) == 1
    assert html.index("<script") == html.index(lex_web_ui.SCRIPT)
    assert f"<head>{lex_web_ui.SCRIPT}" in html
    assert "upgrade-insecure-requests" not in html
    # All else is as it was.
    without = html.replace(lex_web_ui.SCRIPT, "")
    assert without == built_ui.INDEX.replace("upgrade-insecure-requests;", "")


def test_the_script_is_there(origin: str) -> None:
    response, body = get(origin, "/page/aws_hosts.js")

    assert response.status == 200
    assert body == Path(chat_page_routes.FOLDER, "aws_hosts.js").read_bytes()


@pytest.mark.parametrize(
    ("html", "changed"),
    [
        ("<head><title>x</title></head>", "<head>{}<title>x</title></head>"),
        ("<HEAD lang='en'\n>", "<HEAD lang='en'\n>{}"),
        ("<head>a<head>", "<head>{}a<head>"),
        ("<header></header>", "<header></header>"),
        ("<head>\\1</head>", "<head>{}\\1</head>"),
        ('"img-src *; Upgrade-Insecure-Requests"', '"img-src *; "'),
        ("a; upgrade-insecure-requests ; b", "a;  b"),
    ],
)
def test_nothing_else_of_a_page_is_changed(html: str, changed: str) -> None:
    assert with_aws_hosts(html) == changed.format(lex_web_ui.SCRIPT)


def test_its_address_may_lack_the_slash(origin: str) -> None:
    response, _ = get(origin, "/lex-web-ui")
    assert (response.status, response.headers["location"]) == (307, "/lex-web-ui/")


# --- its other files


@pytest.mark.parametrize("prefix", ["/", "/lex-web-ui/"])
@pytest.mark.parametrize("name", ASSETS)
def test_other_files_are_unchanged(origin: str, prefix: str, name: str) -> None:
    response, body = get(origin, f"{prefix}{name}")

    assert (response.status, body) == (200, ASSETS[name])
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("path", "begins"),
    [
        ("/", "<!doctype html>"),
        ("/health", '{"status": "ok"'),
        ("/README.md", "<!doctype html>"),
    ],
)
def test_the_stacks_addresses_come_first(origin: str, path: str, begins: str) -> None:
    body = get(origin, path)[1].decode()
    assert body.startswith(begins) and "LexWebUi" not in body


@pytest.mark.parametrize("prefix", ["/", "/lex-web-ui/"])
@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "%2e%2e%2fsecret.txt",
        "..%5csecret.txt",
        "..%252fsecret.txt",
        "folder/../../secret.txt",
        "folder%2f..%2f..%2fsecret.txt",
        "lex-web-ui/../../secret.txt",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..",
        "%2e%2e",
        ".",
        "folder",
        "missing.js",
        "index.html%00",
        "x" * 300,
        "%ff",
    ],
)
def test_nothing_outside_the_folder_is_served(origin: str, prefix: str, path: str) -> None:
    response, body = get(origin, f"{prefix}{path}")

    assert response.status in (400, 404)
    assert SECRET not in body and b"root:" not in body


def test_nothing_on_disk_is_changed(origin: str, folder: Path) -> None:
    def state() -> dict[str, tuple[int, bytes]]:
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    before = state()
    for path in ("/lex-web-ui/", "/parent.html", f"/{CONFIGURATION}", "/logo.png"):
        assert get(origin, path)[0].status == 200
    assert state() == before


# --- its configuration


def configuration(origin: str, path: str = f"/{CONFIGURATION}", **headers: str) -> Any:
    return json.loads(get(origin, path, **headers)[1])


@pytest.mark.parametrize("path", [f"/{CONFIGURATION}", f"/lex-web-ui/{CONFIGURATION}"])
def test_it_is_configured_for_the_stack(origin: str, path: str) -> None:
    host = origin.removeprefix("http://")
    found = configuration(origin, path)

    assert found == configure(origin, "Prod")
    assert found["lex"]["streamingWebSocketEndpoint"] == f"ws://{host}/Prod"
    assert found["lex"]["allowStreamingResponses"] is True
    assert found["recorder"] == {"enable": False}
    assert get(origin, path)[0].headers["cache-control"] == "no-cache"


def test_behind_https_it_connects_by_wss() -> None:
    found = configure("https://demo.example", "Prod")
    assert found["lex"]["streamingWebSocketEndpoint"] == "wss://demo.example/Prod"
    assert found["ui"]["parentOrigin"] == "https://demo.example"


@pytest.mark.parametrize("host", ["localhost:8000", "192.168.0.2:8000", "[::1]:8000", "laptop"])
def test_it_connects_to_the_host_of_the_request(origin: str, host: str) -> None:
    found = configuration(origin, Host=host)

    assert found["lex"]["streamingWebSocketEndpoint"] == f"ws://{host}/Prod"
    assert found["ui"]["parentOrigin"] == found["iframe"]["iframeOrigin"] == f"http://{host}"


# --- which folder it takes


@pytest.mark.parametrize("version", ["0.24.0", "0.24.1", "0.100.0", "1.0.0"])
def test_a_new_enough_ui_is_served(tmp_path: Path, version: str) -> None:
    check(built_ui.write(tmp_path, version))


def test_a_ui_of_unknown_version_is_served(tmp_path: Path) -> None:
    (built_ui.write(tmp_path) / "lex-web-ui.min.js").write_bytes(b"\xff\x00 my own build")
    check(tmp_path)


@pytest.mark.parametrize("version", ["0.23.9", "0.9.0"])
def test_an_old_ui_is_refused(tmp_path: Path, version: str) -> None:
    short = version.rpartition(".")[0]
    with pytest.raises(CommandFailed, match=f"holds Lex Web UI {short}; 0.24 or newer is needed"):
        check(built_ui.write(tmp_path, version))


@pytest.mark.parametrize("missing", lex_web_ui.REQUIRED_FILES)
def test_another_folder_is_refused(tmp_path: Path, missing: str) -> None:
    (built_ui.write(tmp_path) / missing).unlink()
    with pytest.raises(CommandFailed, match=f"is not the dist folder .* there is no {missing}"):
        check(tmp_path)
