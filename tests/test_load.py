"""Many turns at once on one running stack: nobody is left silent, nobody reads another's reply."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from fulfillment.models.base import Completion, Prompt, StopReason
from tests.stack_fixture import client, running_stack, session
from websocket_stack.local.bedrock import routes as bedrock_routes

pytestmark = pytest.mark.slow

TURNS = 25
PATIENCE_SECONDS = 15


def reply_to(question: str) -> list[str]:
    """Return the chunks of the one reply to a question; every one names it."""
    return [f"{question} has lamp {lamp} lit.\n" for lamp in range(40)]


@dataclass
class Answer:
    """Writes once all turns are there, and the second half once the first was seen."""

    question: str
    together: threading.Barrier
    seen: threading.Event
    closed: threading.Event = field(default_factory=threading.Event)
    completion: Completion | None = None

    def __iter__(self) -> Iterator[str]:
        chunks = reply_to(self.question)
        self.together.wait(PATIENCE_SECONDS)
        yield from chunks[:20]
        self.seen.wait(PATIENCE_SECONDS)
        yield from chunks[20:]
        self.completion = Completion("m", StopReason.END_TURN)

    def close(self) -> None:
        self.closed.set()


class Model:
    """Answers each question with a reply of its own."""

    def __init__(self, readers: dict[str, Reader]) -> None:
        self._readers = readers
        self._together = threading.Barrier(len(readers))

    def ask(self, prompt: Prompt) -> Answer:
        question = prompt.messages[-1].text
        return Answer(question, self._together, self._readers[question].seen)


class Reader:
    """A browser: keeps the frames that it gets."""

    def __init__(self, number: int) -> None:
        self.question = f"House {number:02}"
        self.session_id = f"session-{number:02}"
        self.frames: list[str] = []
        self.seen = threading.Event()
        self.reply: Any = None

    def read(self, socket: ClientConnection) -> None:
        for frame in socket:
            self.frames.append(str(frame))
            if len(self.frames) >= 2:
                self.seen.set()

    def turn(self, origin: str, lex: Any) -> None:
        address = f"{origin.replace('http://', 'ws://')}/Prod?sessionId={self.session_id}"
        with connect(address, proxy=None) as socket:
            reading = threading.Thread(target=self.read, args=(socket,))
            reading.start()
            self.reply = lex.recognize_text(
                **session(self.session_id),
                text=self.question,
                sessionState={"sessionAttributes": {"streamingEndpoint": f"{origin}/Prod"}},
            )
        reading.join(PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def readers() -> list[Reader]:
    """All readers, after their turns."""
    readers = [Reader(number) for number in range(TURNS)]
    model = Model({reader.question: reader for reader in readers})
    with (
        running_stack(model_routes=bedrock_routes.routes(model)) as origin,
        closing(client("lexv2-runtime", origin, max_pool_connections=TURNS)) as lex,
        ThreadPoolExecutor(TURNS) as pool,
    ):
        for turn in [pool.submit(reader.turn, origin, lex) for reader in readers]:
            turn.result()
    return readers


@pytest.mark.ci
def test_every_reply_of_many_turns_at_once_is_complete(readers: list[Reader]) -> None:
    for reader in readers:
        assert reader.reply["sessionState"]["intent"]["state"] == "Fulfilled"
        text = "\n\n".join(message["content"] for message in reader.reply["messages"])
        assert text == "".join(reply_to(reader.question)).strip()


def test_nobody_is_left_silent(readers: list[Reader]) -> None:
    assert [reader.question for reader in readers if len(reader.frames) < 2] == []


def test_nobody_reads_anothers_reply_or_anything_twice(readers: list[Reader]) -> None:
    for reader in readers:
        assert "".join(reply_to(reader.question)).startswith("".join(reader.frames))
