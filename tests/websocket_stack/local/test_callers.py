"""Who may call the stack: requests as browsers send them, for pages of this machine or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.stack_fixture import running_stack
from websocket_stack.local.callers import is_loopback

pytestmark = pytest.mark.slow

SESSION = "/bots/LOCALBOT01/botAliases/TSTALIASID/botLocales/en_US/sessions/callers-1"
SERVICES = [
    ("POST", "/model/any/converse"),
    ("POST", "/model/any/converse-stream"),
    ("POST", "/agents/A/agentAliases/B/sessions/C/text"),
    ("POST", "/retrieveAndGenerateStream"),
    ("POST", "/Prod/@connections/L0SM9cOFvHcCIhw%3D"),
    ("GET", "/Prod/@connections/L0SM9cOFvHcCIhw%3D"),
    ("POST", f"{SESSION}/text"),
    ("OPTIONS", f"{SESSION}/text"),
    ("POST", "/"),
    ("GET", "/health"),
    ("POST", "/page/render"),
    ("GET", "/nowhere"),
]
FOREIGN = "https://evil.example"


def call(stack: str, method: str, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(HTTPConnection(urlsplit(stack).netloc, timeout=20)) as connection:
        connection.request(method, path, b'{"text": "Hi"}' if method == "POST" else None, named)
        response = connection.getresponse()
        response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}


@pytest.mark.parametrize(("method", "path"), SERVICES)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": FOREIGN},
        {"origin": "null"},
        {"origin": "http://evil.localhost.example"},
        {"origin": "http://127.0.0.1.evil.example"},
        {"origin": "http://192.168.0.9:8000"},
        {"origin": "http://[::1"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"},
        {"host": "evil.example"},
        {"host": "evil.example", "origin": "http://evil.example"},
        {"host": "192.168.0.9:8000"},
        {"host": "[::1"},
    ],
    ids=str,
)
def test_a_page_of_another_host_is_refused(
    stack_url: str, method: str, path: str, headers: dict[str, str]
) -> None:
    status, answered = call(stack_url, method, path, **headers)
    assert (status, answered["x-amzn-errortype"]) == (403, "ForbiddenException")
    assert not [name for name in answered if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "localhost:23417"},
        {"host": "LOCALHOST"},
        {"host": "stack.localhost"},
        {"host": "127.0.0.2:80"},
        {"host": "[::1]:8000"},
        {"origin": "http://localhost:3000"},
        {"origin": "https://127.0.0.1"},
        {"origin": "http://[::1]:5173"},
        # To a browser, localhost and 127.0.0.1 are two sites.
        {"origin": "http://localhost:3000", "sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-origin", "sec_fetch_mode": "cors"},
    ],
    ids=str,
)
def test_this_machine_and_its_pages_may_call(stack_url: str, headers: dict[str, str]) -> None:
    assert call(stack_url, "POST", f"{SESSION}/text", **headers)[0] == 200


def test_a_link_from_elsewhere_may_be_followed(stack_url: str) -> None:
    headers = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    assert call(stack_url, "GET", "/", **headers)[0] == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://localhost:3000", 101), (None, 101), (FOREIGN, 403), ("null", 403)],
)
def test_a_socket_is_for_pages_of_this_machine(
    stack_url: str, origin: str | None, status: int
) -> None:
    url = f"{stack_url.replace('http', 'ws', 1)}/Prod?sessionId=callers-2"
    try:
        with connect(url, origin=origin, proxy=None):  # type: ignore[arg-type]
            found = 101
    except InvalidStatus as exc:
        found = exc.response.status_code
    assert found == status


@pytest.fixture(scope="module")
def open_url() -> Iterator[str]:
    with running_stack(hosts=["0.0.0.0", "demo.example"]) as origin:
        yield origin


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "demo.example"}, 200),
        ({"host": "Demo.Example:443", "origin": "https://demo.example"}, 200),
        ({"host": "192.168.0.9:8000", "origin": "http://192.168.0.9:8000"}, 200),
        ({"host": "[fe80::1]"}, 200),
        # Another machine's page, or another name for this one.
        ({"host": "192.168.0.9:8000", "origin": "http://192.168.0.10:8000"}, 403),
        ({"host": "evil.example", "origin": "http://evil.example"}, 403),
        ({"origin": FOREIGN}, 403),
    ],
    ids=str,
)
def test_an_open_stack_is_called_by_its_names(
    open_url: str, headers: dict[str, str], status: int
) -> None:
    assert call(open_url, "GET", "/health", **headers)[0] == status


@pytest.mark.parametrize("host", ["localhost", "a.LOCALHOST", "127.1.2.3", "::1", "localhost."])
def test_loopback_names_lead_to_whoever_uses_them(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "localhost.example", "127.0.0.1.nip.io"])
def test_other_names_lead_elsewhere(host: str) -> None:
    assert not is_loopback(host)
