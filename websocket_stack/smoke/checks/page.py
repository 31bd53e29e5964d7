"""The page's own configuration: whether it names this stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from websocket_stack.smoke.report import CheckFailed, CheckSkipped, Finding
from websocket_stack.smoke.session import SmokeSession
from websocket_stack.smoke.stack import StackUnderTest

# Which Lex Web UI loads next to its page.
# https://github.com/aws-samples/aws-lex-web-ui/blob/master/src/lex-web-ui-loader/js/defaults/loader.js
CONFIGURATION = "lex-web-ui-loader-config.json"


def names_the_stack(session: SmokeSession) -> Finding:
    """Compare the configuration of a Lex Web UI with the stack."""
    if session.page is None:
        raise CheckSkipped("give --ui with the page's address")
    url = urljoin(session.page, CONFIGURATION)
    try:
        configuration = json.loads(session.fetch(url))
    except OSError as exc:
        raise CheckFailed(f"{url} cannot be fetched ({type(exc).__name__})") from exc
    except ValueError as exc:
        raise CheckFailed(f"{url} is no JSON") from exc
    differences = [
        f"{name} is {found!r} instead of {wanted!r}"
        for name, wanted in _expected(session.stack).items()
        if (found := _at(configuration, name)) != wanted
    ]
    if differences:
        raise CheckFailed("; ".join(differences))
    return Finding("names this stack's endpoint and bot")


def _expected(stack: StackUnderTest) -> dict[str, Any]:
    expected: dict[str, Any] = {"lex.allowStreamingResponses": bool(stack.websocket)}
    if stack.websocket:
        expected |= {
            "lex.streamingWebSocketEndpoint": stack.websocket,
            # The UI signs for its own.
            "region": stack.region,
        }
    if stack.bot_alias:
        expected |= {
            "lex.v2BotId": stack.bot_alias.bot_id,
            "lex.v2BotAliasId": stack.bot_alias.alias_id,
            "lex.v2BotLocaleId": stack.bot_alias.locale_id,
        }
    return expected


def _at(configuration: Any, name: str) -> Any:
    for key in name.split("."):
        configuration = configuration.get(key) if isinstance(configuration, Mapping) else None
    return configuration
