"""A chat server on a real port, and what answers in it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from websockets.sync.client import ClientConnection, connect

from fulfillment.models.base import Completion, StopReason
from websocket_stack.local.server import listen
from websocket_stack.server.app import ChatServer
from websocket_stack.server.conversations import Conversations, LocalMemory
from websocket_stack.server.limits import Asks
from websocket_stack.server.page import routes as page
from websocket_stack.server.redis_broker import RedisBroker
from websocket_stack.server.redis_memory import RedisMemory
from websocket_stack.server.runs import Runs
from websocket_stack.server.services import Services
from websocket_stack.server.serving import server
from websocket_stack.server.settings import ServerSettings
from websocket_stack.server.shared_runs import SharedRuns
from websocket_stack.server.sign_in import Verifier
from websocket_stack.server.source import Question
from websocket_stack.server.telemetry import Telemetry

SECONDS = 10.0
Step = str | Exception | threading.Event
QUICK = ServerSettings(time_between_chunks=0.0, close_jitter_seconds=0.1, drain_seconds=2.0)


class ScriptedAnswer:
    """Writes steps: a text, an error that is raised, an event that is waited for."""

    def __init__(self, steps: Sequence[Step], closed: list[bool]) -> None:
        self._steps = steps
        self._closed = closed
        self.completions: Sequence[Completion] = ()
        self.last_text = ""

    async def chunks(self) -> AsyncGenerator[str, None]:
        finished = False
        try:
            for step in self._steps:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, threading.Event):
                    await wait_for(step.is_set)
                else:
                    self.last_text += step
                    yield step
            finished = True
            self.completions = [Completion("scripted", StopReason.END_TURN, 3, 5)]
        finally:
            self._closed.append(not finished)


class ScriptedSource:
    """Answers each question with the steps that its script has for it.

    Attributes:
        questions: what was asked.
        closed: for each answer that is over, whether it was stopped.
    """

    def __init__(self, script: Callable[[str], Sequence[Step]]) -> None:
        self._script = script
        self.questions: list[Question] = []
        self.closed: list[bool] = []

    def answer(self, question: Question) -> ScriptedAnswer:
        self.questions.append(question)
        return ScriptedAnswer(self._script(question.utterance), self.closed)


class RunningServer(NamedTuple):
    """A server that runs."""

    port: int
    chat_server: ChatServer
    source: Any
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def connect(self, query: str = "", **options: Any) -> ClientConnection:
        socket: ClientConnection = connect(
            self.url + query, max_size=None, open_timeout=SECONDS, **options
        )
        return socket


async def wait_for(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(POLL_SECONDS)


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, also where an event loop runs."""
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        threading.Event().wait(POLL_SECONDS)


POLL_SECONDS = 0.005


def build(
    source: Any,
    settings: ServerSettings = QUICK,
    verifier: Verifier | None = None,
    redis: str = "",
) -> ChatServer:
    telemetry = Telemetry()
    memory = RedisMemory(redis, 3600) if redis else LocalMemory(3600)
    conversations = Conversations(memory, turns=10, tokens=8000)
    runs = Runs(source, conversations, settings, telemetry)
    if redis:
        broker = RedisBroker(redis, settings.keep_seconds)
        runs = SharedRuns(broker, source, conversations, settings, telemetry)
    asks = Asks(settings.limits.asks_per_minute)
    return ChatServer(Services(settings, runs, asks, telemetry, verifier))


@contextmanager
def running(
    script: Callable[[str], Sequence[Step]] | None = None,
    *,
    source: Any = None,
    settings: ServerSettings = QUICK,
    verifier: Verifier | None = None,
    redis: str = "",
    proxies: str = "127.0.0.1",
) -> Iterator[RunningServer]:
    """Run a chat server as ``scripts/chat-server`` does, on a free port."""
    source = source or ScriptedSource(script or (lambda utterance: ["Hello", " world", "!"]))
    chat_server = build(source, settings, verifier, redis)
    with listen("127.0.0.1", 0) as listener:
        http = server(chat_server.app(page.routes()), chat_server.drain, proxies=proxies)
        thread = threading.Thread(target=lambda: http.run(sockets=[listener]), daemon=True)
        thread.start()
        eventually(lambda: http.started)
        try:
            yield RunningServer(listener.getsockname()[1], chat_server, source, http.loop)
        finally:
            http.should_exit = True
            thread.join(SECONDS)


def receive_json(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(SECONDS))


def receive_until(socket: ClientConnection, is_last: Callable[[Any], bool]) -> list[Any]:
    """Return the JSON frames up to one of them."""
    frames: list[Any] = []
    while not frames or not is_last(frames[-1]):
        frames.append(receive_json(socket))
    return frames
