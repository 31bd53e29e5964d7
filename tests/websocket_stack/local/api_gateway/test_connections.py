"""What is known of a connection."""

from __future__ import annotations

import pytest

from websocket_stack.local.api_gateway.connections import Upgrade


@pytest.mark.parametrize(
    ("name", "value"), [("user-agent", "Mozilla/5.0"), ("host", "example.com"), ("origin", "")]
)
def test_a_header_is_found_whatever_its_case(name: str, value: str) -> None:
    headers = [("Host", "example.com"), ("User-Agent", "Mozilla/5.0")]

    assert Upgrade(headers, "", "5.28.189.17").header(name) == value
