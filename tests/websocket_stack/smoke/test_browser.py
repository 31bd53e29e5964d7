"""A browser with Lex Web UI."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes import FakeClock
from tests.moto_aws import moto_aws, session
from tests.websocket_stack.deployment.cloudformation_fakes import refusal
from tests.websocket_stack.smoke.smoke_fakes import CREDENTIALS, STACK, FakeConnect, FakeSocket
from websocket_stack.smoke.browser import Browser, Identity, ObservedTurn, guest
from websocket_stack.smoke.stack import BotAlias

BOT_ALIAS = BotAlias("BOT", "ALIAS", "en_US")


class FakeLex:
    """Answers at once, or after an event."""

    def __init__(self, response: dict[str, Any] | Exception, after: Event | None = None) -> None:
        self._response = response
        self._after = after
        self.requests: list[dict[str, Any]] = []

    def recognize_text(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if self._after is not None:
            assert self._after.wait(20)
        if isinstance(self._response, Exception):
            raise self._response
        return self._response


class DrainedSocket(FakeSocket):
    """Sets an event once all its frames have been received."""

    def __init__(self, *frames: str) -> None:
        super().__init__(*frames)
        self.is_empty = Event()

    def recv(self, timeout: float | None = None) -> str:
        if not self.frames:
            self.is_empty.set()
        return super().recv(timeout)


def browser(connect: Any = None) -> Browser:
    return Browser(STACK, Identity("smoke-1", CREDENTIALS), FakeClock(), connect or FakeConnect())


def ask(socket: FakeSocket | None, lex: FakeLex, **attributes: str) -> ObservedTurn:
    return browser().ask(socket, lex, BOT_ALIAS, "why?", attributes)  # type: ignore[arg-type]


def test_frames_are_collected_past_the_reply() -> None:
    socket = DrainedSocket("The ", "lamp")
    response = {
        "messages": [{"content": "The lamp "}, {"content": "turns."}, {"contentType": "x"}],
        "sessionState": {"sessionAttributes": {"a": "b"}},
    }
    turn = ask(socket, FakeLex(response, after=socket.is_empty))

    assert turn.streamed == "The lamp"
    assert turn.reply == "The lamp turns."
    assert turn.attributes == {"a": "b"}


def test_a_question_has_lex_web_uis_attributes() -> None:
    lex = FakeLex({})
    ask(FakeSocket(), lex, previousLexResponse="x")

    assert lex.requests == [
        {
            "botId": "BOT",
            "botAliasId": "ALIAS",
            "localeId": "en_US",
            "sessionId": "smoke-1",
            "text": "why?",
            "sessionState": {
                "sessionAttributes": {
                    "streamingEndpoint": "https://a.example/Prod",
                    "streamingDynamoDbTable": "",
                    "previousLexResponse": "x",
                }
            },
        }
    ]


def test_a_question_that_fails_raises() -> None:
    with pytest.raises(ClientError, match="not built"):
        ask(FakeSocket(), FakeLex(refusal("not built")))


def test_it_connects_signed_unless_told_not_to() -> None:
    connect = FakeConnect(FakeSocket(), FakeSocket(), FakeSocket())
    with browser(connect).connect(), browser(connect).connect("other", signs=False):
        pass
    another = Identity("guest", CREDENTIALS)
    with browser(connect).with_identity(another).connect():
        pass

    assert "sessionId=smoke-1&" in connect.urls[0] and "X-Amz-Signature=" in connect.urls[0]
    assert connect.urls[1] == "wss://a.example/Prod?sessionId=other"
    assert "sessionId=guest&" in connect.urls[2]


def test_lex_is_asked_once() -> None:
    config = browser().lex_client.meta.config

    assert config.retries["total_max_attempts"] == 1
    assert config.read_timeout > 30


def test_a_guest_is_a_new_identity_of_the_pool() -> None:
    with moto_aws() as client_of:
        pool = client_of("cognito-identity").create_identity_pool(
            IdentityPoolName="p", AllowUnauthenticatedIdentities=True
        )["IdentityPoolId"]
        identity = guest(session(), replace(STACK, region="us-east-1"), pool)

    assert identity.session_id.startswith("us-east-1:")
    assert identity.credentials.token
