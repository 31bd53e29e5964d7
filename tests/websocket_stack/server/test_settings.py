from __future__ import annotations

import re
from pathlib import Path

import pytest

from fulfillment.errors import SettingsError
from tests.documents import Document
from websocket_stack.server.limits import Limits
from websocket_stack.server.settings import ServerSettings


def test_nothing_needs_to_be_set() -> None:
    assert ServerSettings.from_environ({}) == ServerSettings()


def test_settings_are_read() -> None:
    settings = ServerSettings.from_environ(
        {
            "TIME_BETWEEN_CHUNKS": "0.1",
            "ASKS_PER_MINUTE": "5",
            "ALLOWED_ORIGINS": "https://A.example/, http://b.example:8080",
            "TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2",
            "ESCAPE_HTML": "true",
        }
    )
    assert settings.time_between_chunks == 0.1
    assert settings.limits == Limits(asks_per_minute=5)
    assert settings.origins == {"https://a.example", "http://b.example:8080"}
    assert settings.proxies == "10.0.0.1,10.0.0.2"
    assert settings.escapes_html


@pytest.mark.parametrize(
    ("name", "value"),
    [("TIME_BETWEEN_CHUNKS", "fast"), ("MAX_RUNS", "0"), ("ALLOWED_ORIGINS", "chat.example.com")],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        ServerSettings.from_environ({name: value})


def test_every_setting_is_documented() -> None:
    folder = Path(__file__).parents[3] / "websocket_stack" / "server"
    sources = "".join(
        (folder / f"{name}.py").read_text("utf-8") for name in ("settings", "sign_in")
    )
    read = set(re.findall(r'read\.\w+\("(\w+)"', sources))
    rows = [row for row in Document("docs/chat-server.md").rows if row.head == "setting"]
    assert {name for row in rows for name in row.names} == read
