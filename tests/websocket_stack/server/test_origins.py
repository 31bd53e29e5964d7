from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import HTTPConnection

from websocket_stack.server.origins import is_allowed

LISTED = frozenset({"https://chat.example.com"})


def request_from(origin: Any) -> Any:
    headers = {"host": "localhost:8000"} | ({} if origin is None else {"origin": origin})
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "headers": encoded})


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://chat.example.com", True),
        ("https://CHAT.example.com", True),
        (None, True),  # no browser
        ("https://chat.example.com.evil.example", False),
        ("https://chat.example.com:8443", False),
        ("https://evil.example/chat.example.com", False),
        ("http://chat.example.com", False),
        ("http://localhost:8000", False),
        ("null", False),
        ("", False),
    ],
)
def test_an_origin_is_compared_exactly(origin: str | None, allowed: bool) -> None:
    assert is_allowed(request_from(origin), LISTED) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:8000", True),
        (None, True),
        ("http://localhost:8001", False),
        ("https://evil.example", False),
        ("null", False),
    ],
)
def test_without_a_list_the_servers_own_pages_are_let_in(origin: str | None, allowed: bool) -> None:
    assert is_allowed(request_from(origin), frozenset()) is allowed


def test_an_asterisk_lets_any_page_in() -> None:
    assert is_allowed(request_from("https://evil.example"), frozenset("*"))
