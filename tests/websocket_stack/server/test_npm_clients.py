"""The official browser clients, unchanged from npm, in Node."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Any

import pytest

from fulfillment.errors import ModelUnavailable
from fulfillment.models.base import Completion, StopReason
from tests.websocket_stack.server.chat_servers import QUICK, running
from tests.websocket_stack.server.npm_packages import SECONDS, install_clients
from websocket_stack.server.sign_in import KnownTokens

pytestmark = pytest.mark.ci

WORDS = [f"word {number}, " for number in range(80)]
LONG = "".join(WORDS)
CHUNK_SECONDS = 0.01
SLOW_SECONDS = 0.5
TOKEN = "t" * 32


class PacedAnswer:
    def __init__(self, utterance: Any, closed: Any) -> None:
        self._utterance = utterance
        self._closed = closed
        self.completions: Sequence[Completion] = ()
        self.last_text = ""

    async def chunks(self) -> AsyncGenerator[Any, None]:
        finished = False
        try:
            async for chunk in self._chunks():
                yield chunk
            finished = True
            self.completions = [Completion("paced", StopReason.END_TURN, 3, 5)]
        finally:
            self._closed.append(not finished)

    async def _chunks(self) -> AsyncGenerator[Any, None]:
        kind, _, rest = self._utterance.partition(" ")
        if kind == "fail":
            raise ModelUnavailable("down")
        if kind == "echo":
            yield f"You said {rest}."
        if kind == "slow":
            await asyncio.sleep(SLOW_SECONDS)
            yield "Here I am."
        if kind == "long":
            for word in WORDS:
                await asyncio.sleep(CHUNK_SECONDS)
                yield word


class PacedSource:
    def __init__(self) -> None:
        self.closed: list[Any] = []

    def answer(self, question: Any) -> Any:
        return PacedAnswer(question.utterance, self.closed)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The folder with the clients and the packages that they need."""
    return install_clients(tmp_path_factory.mktemp("npm"))


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    settings = QUICK._replace(time_between_chunks=0.02, heartbeat_seconds=0.1)
    with running(source=PacedSource(), settings=settings) as server:
        yield server


@pytest.fixture
def node(packages: Any) -> Any:
    def run(script: Any, url: Any, scenario: Any, **environ: Any) -> Any:
        ran = subprocess.run(
            ["node", script, url, scenario],
            cwd=packages,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=os.environ | environ,
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return run


@pytest.fixture
def ai_sdk(node: Any, server: Any) -> Any:
    return lambda scenario: node("ai_sdk.mjs", server.url, scenario)


@pytest.fixture
def tanstack_ai(node: Any, server: Any) -> Any:
    return lambda scenario: node("tanstack_ai.mjs", server.url, scenario)


# --- the AI SDK


def test_ai_sdk_streams_a_reply(ai_sdk: Any) -> None:
    reply = ai_sdk("ask")
    assert reply["text"] == LONG
    usage = {"input_tokens": 3, "output_tokens": 5, "estimated": False}
    assert reply["metadata"] == {"usage": usage}


def test_ai_sdk_asks_five_questions_at_once(ai_sdk: Any) -> None:
    assert ai_sdk("five") == [f"You said {number}." for number in range(5)]


def test_ai_sdk_aborts(ai_sdk: Any, server: Any) -> None:
    server.source.closed.clear()
    reply = ai_sdk("abort")
    assert reply["text"] != LONG and LONG.startswith(reply["text"])
    assert reply["next"] == "You said more."
    assert server.source.closed == [True, False]


def test_ai_sdk_resumes_after_a_cut(ai_sdk: Any) -> None:
    """Its releases until now name no chunk that they have, and read the run from its beginning."""
    reply = ai_sdk("cut")
    assert "closed" in reply["cut"]
    assert reply["first"] != LONG and LONG.startswith(reply["first"])
    assert reply["text"] == LONG


def test_ai_sdk_gets_the_whole_after_a_reload(ai_sdk: Any) -> None:
    reply = ai_sdk("reload")
    assert reply["text"] == LONG
    assert 0 < reply["seen"] < len(LONG)


def test_ai_sdk_is_told_that_there_is_no_run(ai_sdk: Any) -> None:
    assert ai_sdk("unknown") == {"stream": None}


def test_ai_sdk_is_told_an_error(ai_sdk: Any) -> None:
    assert "could not answer" in ai_sdk("error")["ended"]


def test_ai_sdk_ignores_heartbeats(ai_sdk: Any) -> None:
    assert ai_sdk("heartbeats")["text"] == "Here I am."


def test_ai_sdk_signs_in_with_its_headers(node: Any) -> None:
    with running(source=PacedSource(), verifier=KnownTokens([TOKEN])) as server:
        reply = node("ai_sdk.mjs", server.url, "token", TOKEN=TOKEN)
    assert reply == {"refused": "Please sign in first.", "answered": "You said hi."}


# --- TanStack AI


def test_tanstack_ai_streams_a_reply(tanstack_ai: Any) -> None:
    assert tanstack_ai("ask") == {"text": LONG, "error": None}


def test_tanstack_ai_asks_again_on_its_socket(tanstack_ai: Any) -> None:
    reply = tanstack_ai("again")
    assert reply == {"texts": ["You said one.", "You said two."], "error": None, "sockets": 1}


def test_tanstack_ai_aborts(tanstack_ai: Any, server: Any) -> None:
    server.source.closed.clear()
    reply = tanstack_ai("abort")
    assert reply["text"] != LONG and LONG.startswith(reply["text"])
    assert reply["next"] == "You said more."
    assert server.source.closed == [True, False]


def test_tanstack_ai_resumes_after_a_cut(tanstack_ai: Any) -> None:
    assert tanstack_ai("cut") == {"text": LONG, "error": None, "sockets": 2}


def test_tanstack_ai_is_told_an_error(tanstack_ai: Any) -> None:
    assert "could not answer" in tanstack_ai("error")["error"]


def test_tanstack_ai_ignores_heartbeats(tanstack_ai: Any) -> None:
    assert tanstack_ai("heartbeats") == {"text": "Here I am.", "error": None}
