"""Where the stack listens, and the address that it is known by."""

from __future__ import annotations

import socket

import pytest

from websocket_stack.command_line import CommandFailed
from websocket_stack.local.server import listen, origin_of


def test_a_listener_says_that_it_is_tcp() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


# CPython leaves its socket to the collector when it finds the port out of range.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("host", "port"), [("no.such.host.invalid", 0), ("127.0.0.1", 70_000), ("127.0.0.1", -1)]
)
def test_an_impossible_address_is_named(host: str, port: int) -> None:
    with pytest.raises(CommandFailed, match=f"cannot listen on {host}:{port} "):
        listen(host, port)


@pytest.mark.parametrize(
    ("host", "in_url"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("0.0.0.0", "127.0.0.1"),
        ("::1", "[::1]"),
        ("::", "[::1]"),
    ],
)
def test_the_origin_is_one_that_a_browser_can_open(host: str, in_url: str) -> None:
    with listen("127.0.0.1", 0) as listener:
        assert origin_of(host, listener) == f"http://{in_url}:{listener.getsockname()[1]}"
