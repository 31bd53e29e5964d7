"""A chat through AppSync on the local stack: who answers it, and when ``ask`` returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.stack_fixture import QUESTION, SLOW_QUESTION, running_stack
from websocket_stack.local.graphql_chat import API_KEY

pytestmark = pytest.mark.slow

BOTS = "tests.websocket_stack.local.demo_bots"
AT_ONCE = {"FLUSH_INTERVAL_SECONDS": "0.02", "ASK_RETURNS": "at-once"}
ASK = (
    "mutation A($chatId: String!, $prompt: String!) {ask(chatId: $chatId, prompt: $prompt) {data}}"
)
STOP = "mutation S($chatId: String!) { stop(chatId: $chatId) }"
STATE = "query Q($chatId: String!) { chatState(chatId: $chatId) { text kind } }"


class Chat:
    """A chat of a running stack."""

    def __init__(self, origin: str) -> None:
        self._url = f"{origin}/graphql"
        self._id = uuid4().hex

    def call(self, query: str, **variables: str) -> Any:
        body = {"query": query, "variables": {"chatId": self._id} | variables}
        return httpx.post(self._url, json=body, headers={"x-api-key": API_KEY}, timeout=60).json()

    def ask(self, prompt: str) -> Any:
        return self.call(ASK, prompt=prompt)

    def state(self) -> Any:
        return self.call(STATE)["data"]["chatState"] or {"text": "", "kind": None}

    def wait(self, condition: Callable[[], bool]) -> None:
        """Return once a condition holds; each look is a request."""
        for _ in range(3000):
            if condition():
                return
        raise AssertionError(self.state())


def test_a_bot_answers() -> None:
    with running_stack(bot=f"{BOTS}:echo") as origin:
        chat = Chat(origin)
        assert chat.ask("Hello") == {"data": {"ask": None}}
        assert chat.state() == {"text": "The bot says: Hello", "kind": "done"}


def test_a_chat_with_a_function_of_its_own_answers() -> None:
    with running_stack(bot=f"{BOTS}:chat") as origin:
        chat = Chat(origin)
        chat.ask("Hello")
        assert chat.state()["text"] == "The chat says: Hello"


@pytest.fixture(scope="module")
def at_once() -> Iterator[Any]:
    with running_stack(environ=AT_ONCE) as origin:
        yield origin


def test_ask_returns_at_once_and_the_reply_is_written_on(at_once: str) -> None:
    chat = Chat(at_once)
    assert chat.ask(SLOW_QUESTION) == {"data": {"ask": None}}
    chat.wait(lambda: chat.state()["kind"] == "delta")
    assert chat.call(STOP) == {"data": {"stop": True}}
    chat.wait(lambda: chat.state()["kind"] == "stopped")


def test_a_reply_that_nobody_waits_for_is_whole(at_once: str) -> None:
    chat = Chat(at_once)
    chat.ask(QUESTION)
    chat.wait(lambda: chat.state()["kind"] == "done")
    assert "lighthouse keeper" in chat.state()["text"]


def test_a_refusal_that_nobody_waits_for_is_no_error(at_once: str) -> None:
    assert Chat(at_once).ask(" ") == {"data": {"ask": None}}
