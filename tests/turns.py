"""Runs whole turns on fakes, and reads what Lex would get."""

from __future__ import annotations

import json
from typing import Any

from fakes import FakeChannel, FakeModel, FakeSessions
from fulfillment import Bot
from fulfillment.resources import Resources
from fulfillment.settings import Settings
from websocket_stack.local.lex_responses import check


class Context:
    """A Lambda context with so much time left."""

    aws_request_id = "request-1"

    def __init__(self, remaining_ms: int = 30_000) -> None:
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining_ms


def bot_of(
    *script: Any,
    sessions: FakeSessions | None = None,
    channel: FakeChannel | None = None,
    **settings: Any,
) -> Bot:
    """Return a bot whose model follows a script (see :class:`fakes.FakeAnswer`)."""
    defaults = {"streaming_endpoint": "https://x/Prod", "session_table": "t"}
    return Bot(
        Resources(
            Settings(**defaults | settings),
            FakeModel(*script),
            sessions or FakeSessions(),  # type: ignore[arg-type]
            channel or FakeChannel(),
        )
    )


def reply_of(response: Any) -> tuple[str, str]:
    """Check that Lex takes a Close; return its whole text and the intent's state."""
    check(json.dumps(response, ensure_ascii=False).encode(), "FulfillmentCodeHook")
    assert response["sessionState"]["dialogAction"] == {"type": "Close"}
    assert response["messages"]
    assert {message["contentType"] for message in response["messages"]} == {"CustomPayload"}
    text = "\n\n".join(message["content"] for message in response["messages"])
    return text, response["sessionState"]["intent"]["state"]
