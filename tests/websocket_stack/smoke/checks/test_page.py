"""The configuration of a page."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.error import URLError

import pytest

from tests.websocket_stack.smoke.smoke_fakes import STACK, session
from websocket_stack.smoke.checks.page import names_the_stack
from websocket_stack.smoke.report import CheckFailed, CheckSkipped
from websocket_stack.smoke.session import SmokeSession

LEX = {
    "allowStreamingResponses": True,
    "streamingWebSocketEndpoint": "wss://a.example/Prod",
    "v2BotId": "BOT",
    "v2BotAliasId": "ALIAS",
    "v2BotLocaleId": "en_US",
}


def serving(lex: dict[str, Any] | None, page: str = "https://d1.cloudfront.net") -> SmokeSession:
    smoke = session()
    smoke.page = page
    content = json.dumps({"region": "eu-west-1", "lex": lex}).encode()
    files = {f"{page.removesuffix('/index.html')}/lex-web-ui-loader-config.json": content}
    smoke.fetch = files.__getitem__
    return smoke


@pytest.mark.parametrize("page", ["https://d1.cloudfront.net", "https://a.example/ui/index.html"])
def test_a_page_may_name_the_stack(page: str) -> None:
    assert names_the_stack(serving(LEX, page)).text == "names this stack's endpoint and bot"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("streamingWebSocketEndpoint", "wss://deleted.example/Prod"),
        ("allowStreamingResponses", "true"),
        ("v2BotAliasId", "OTHER"),
        ("v2BotId", None),
    ],
)
def test_another_value_is_said(key: str, value: str | None) -> None:
    with pytest.raises(CheckFailed, match=f"^lex.{key} is {value!r} instead of "):
        names_the_stack(serving(LEX | {key: value}))


def test_without_streaming_the_page_must_not_stream() -> None:
    smoke = serving(LEX)
    smoke.stack = replace(STACK, websocket="", connections="")
    with pytest.raises(CheckFailed, match="allowStreamingResponses is True instead of False"):
        names_the_stack(smoke)


def test_a_page_without_configuration_fails() -> None:
    def refuse(url: str) -> bytes:
        raise URLError("no such host")

    smoke = serving(None)
    with pytest.raises(CheckFailed, match="lex.v2BotId is None"):
        names_the_stack(smoke)
    smoke.fetch = lambda url: b"<html>"
    with pytest.raises(CheckFailed, match="is no JSON"):
        names_the_stack(smoke)
    smoke.fetch = refuse
    with pytest.raises(CheckFailed, match="cannot be fetched"):
        names_the_stack(smoke)


def test_no_page_is_no_failure() -> None:
    with pytest.raises(CheckSkipped, match="give --ui"):
        names_the_stack(session())
