"""The tasks API in one process: its functions, on moto's DynamoDB, and clients of it."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fulfillment.clients import Resources
from fulfillment.errors import ConnectionGone
from fulfillment.settings import Settings
from fulfillment.telemetry import TurnReport
from fulfillment.testing import ScriptedModel
from tests.moto_aws import dynamodb_table
from websocket_stack.tasks import Tasks
from websocket_stack.tasks.callers import Callers
from websocket_stack.tasks.connections import Connections
from websocket_stack.tasks.failures import tell
from websocket_stack.tasks.owners import Owners
from websocket_stack.tasks.run_table import RunTable
from websocket_stack.tasks.settings import TaskSettings
from websocket_stack.tasks.submit import Submit
from websocket_stack.tasks.watch import Watch
from websocket_stack.tasks.worker import Worker

PATIENT_SECONDS = 20.0


class OneAtATime:
    """A client whose calls wait for each other: moto's conditional writes are not atomic."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if not callable(attribute):
            return attribute

        def call(**request: Any) -> Any:
            with self._lock:
                return attribute(**request)

        return call


@contextmanager
def task_table() -> Iterator[tuple[Any, str]]:
    """Make a task table; yield a client and the table's name."""
    with dynamodb_table("id") as (client, name):
        yield OneAtATime(client), name


class Hub:
    """Keeps what each connection was sent, parsed; a closed one is gone."""

    def __init__(self) -> None:
        self.frames: dict[str, list[Any]] = defaultdict(list)
        self.closed: set[str] = set()
        self.on_post: Callable[[str, str], None] = lambda address, payload: None
        self._changed = threading.Condition()

    def post(self, address: str, payload: str) -> None:
        self.on_post(address, payload)
        with self._changed:
            if address in self.closed:
                raise ConnectionGone("410")
            # One JSON object a frame: a client that reads anything else never shows a word again.
            self.frames[address].append(json.loads(payload.encode()))
            self._changed.notify_all()

    def close(self, address: str) -> None:
        with self._changed:
            self.closed.add(address)

    def wait(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENT_SECONDS), dict(self.frames)


class Context:
    """The context of a worker's call."""

    _ids = itertools.count()

    def __init__(self, seconds: float = 900.0) -> None:
        self.aws_request_id = f"request-{next(self._ids)}"
        self._ends_at = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._ends_at - time.monotonic()) * 1000)


class Api:
    """The functions of the tasks API, wired as they are in AWS.

    Args:
        client: a ``dynamodb`` client.
        table: the task table.
        model: what answers.
        tasks: the functions that answer.
        settings: of the API, but for the table.
        grace_seconds: how long a closed connection is waited for.
        now: the wall clock.
    """

    def __init__(  # noqa: PLR0913
        self,
        client: Any,
        table: str,
        model: ScriptedModel | None = None,
        tasks: Tasks | None = None,
        *,
        grace_seconds: float = 0.0,
        verifier: Any = None,
        now: Callable[[], float] = time.time,
        **settings: Any,
    ) -> None:
        self.model = model or ScriptedModel("Hello.", repeats=True)
        self.hub = Hub()
        self.events: list[Mapping[str, Any]] = []
        self.reports: list[TurnReport] = []
        self.unsigned: list[str] = []
        # What happens while a route waits.
        self.on_sleep: Callable[[], object] = lambda: None
        self.settings = TaskSettings(table, "https://api.test/dev", **settings)
        self.runs = RunTable(client, table, now)
        self.owners = Owners(
            client,
            table,
            self.runs,
            most_at_once=self.settings.tasks_at_once,
            most_a_minute=self.settings.tasks_a_minute,
            now=now,
        )
        self.submit = Submit(
            self.settings,
            self.runs,
            self.owners,
            Callers(
                self.settings.sign_in,
                Connections(client, table, now),
                expect_sign_in=self.unsigned.append,
                verifier=verifier,
                now=now,
            ),
            self.hub,
            lambda event: self.events.append(json.loads(json.dumps(event))),
            sleep=self._slept,
        )
        self.worker = Worker(
            tasks or Tasks(),
            Resources(Settings(flush_interval_seconds=0.0), self.model),
            self.runs,
            self.owners,
            self.hub,
            grace_seconds=grace_seconds,
            watch=Watch(self.runs, look_seconds=0.02),
            record=self.reports.append,
        )

    def _slept(self, seconds: float) -> None:
        self.on_sleep()

    def connect(self, connection_id: str = "c1", **context: Any) -> int:
        """Let a client connect; return the status."""
        request = {"eventType": "CONNECT", "connectionId": connection_id, **context}
        return self.submit.handle({"requestContext": request})["statusCode"]

    def disconnect(self, connection_id: str = "c1") -> None:
        """Let a client's connection close."""
        self.hub.close(connection_id)
        request = {"eventType": "DISCONNECT", "connectionId": connection_id}
        self.submit.handle({"requestContext": request})

    def say(self, message: object, connection_id: str = "c1") -> None:
        """Let a client say something."""
        body = message if isinstance(message, str) else json.dumps(message)
        request = {"eventType": "MESSAGE", "connectionId": connection_id}
        self.submit.handle({"requestContext": request, "body": body})

    def work(self, seconds: float = 900.0) -> None:
        """Run all tasks that were handed over."""
        while self.events:
            self.worker.work(self.events.pop(0), Context(seconds))

    @contextmanager
    def working(self) -> Iterator[None]:
        """Run all tasks that were handed over, at once, while something else is done."""
        threads = [
            threading.Thread(target=self.worker.work, args=(event, Context()))
            for event in self.events
        ]
        self.events.clear()
        for thread in threads:
            thread.start()
        yield
        for thread in threads:
            thread.join(PATIENT_SECONDS)
            assert not thread.is_alive()

    def fail(self, event: Mapping[str, Any], condition: str = "RetriesExhausted") -> None:
        """Report that the worker's event failed, as Lambda does."""
        record = {"requestContext": {"condition": condition}, "requestPayload": event}
        tell(record, self.runs, self.owners, self.hub)

    def frames(self, connection_id: str = "c1") -> list[Any]:
        """Return what a client was sent so far."""
        return self.hub.frames[connection_id]


def submit(task_id: object = "000001", type: str = "llm-streamer", **data: Any) -> dict[str, Any]:
    """Return a task as Socket LLM's clients send it."""
    data = data or {"question": "Where is my order?"}
    return {"action": "task-submit", "task": {"id": task_id, "type": type, "data": data}}


def message(prompt: str = "Where is my order?", **fields: Any) -> dict[str, Any]:
    """Return a message as the clients of Bedrock Streaming Response send it."""
    return {"action": "sendMessage", "prompt": prompt, **fields}


def text_of(frames: list[Any], task_id: object = "000001") -> str:
    """Return the text of a task, as Socket LLM's clients put it together."""
    return "".join(
        frame["response"]
        for frame in frames
        if frame["task_id"] == task_id and isinstance(frame["response"], str)
    )


def ends_of(frames: list[Any], task_id: object = "000001") -> list[Any]:
    """Return the frames that end a task."""
    return [
        frame
        for frame in frames
        if frame["task_id"] == task_id and not isinstance(frame["response"], str)
    ]
