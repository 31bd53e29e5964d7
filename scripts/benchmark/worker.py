"""A handler's process as the measuring process drives it: initialise, then one turn at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from scripts.benchmark.handlers import Handler
from websocket_stack.local.stack import lambda_environment

PROGRAM = Path(__file__).with_name("worker_process.py")


class WorkerFailed(Exception):
    """The handler's process ended, or runs other code than it should."""


class Init(NamedTuple):
    """What it took to import the handler's module."""

    seconds: float
    cpu_seconds: float


class Cost(NamedTuple):
    """What a turn took; moments are seconds on the machine's monotonic clock."""

    invoked_at: float
    returned_at: float
    cpu_seconds: float
    peak_bytes: int


class Worker:
    """A running process that has not imported its handler yet.

    Args:
        process: the process, with pipes for its standard input and output.
        handler: what it will run.
    """

    def __init__(self, process: subprocess.Popen[str], handler: Handler) -> None:
        self._process = process
        self._handler = handler

    @property
    def process_id(self) -> int:
        """The process's id."""
        return self._process.pid

    def initialize(self) -> Init:
        """Import the handler.

        Raises:
            WorkerFailed: it cannot be imported, or was found in another folder.
        """
        reply = self._ask({})
        if not Path(reply.pop("file")).is_relative_to(self._handler.folder):
            raise WorkerFailed(f"{self._handler.name}: not imported from its own folder")
        return Init(**reply)

    def turn(self, event: Mapping[str, object]) -> Cost:
        """Run one turn.

        Args:
            event: a Lex V2 event.

        Raises:
            WorkerFailed: the handler raised.
        """
        return Cost(**self._ask(event))

    def _ask(self, value: Mapping[str, object]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(value), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise WorkerFailed(f"{self._handler.name}: its process ended")
        reply: dict[str, Any] = json.loads(line)
        return reply


@contextmanager
def run_worker(handler: Handler, origin: str, *, memory: bool = False) -> Iterator[Worker]:
    """Start a handler's process.

    Args:
        handler: what it runs.
        origin: address of the local services.
        memory: whether the Lambda has a conversation table.

    Yields:
        the worker, which has imported nothing of the handler yet.
    """
    environ = lambda_environment(origin, os.environ) | {
        "AWS_LAMBDA_FUNCTION_NAME": "fulfillment",
        "PYTHONPATH": str(handler.folder),
        "TURN_SECONDS": "30",
    }
    if not memory:
        del environ["CONVERSATION_TABLE"]
    with subprocess.Popen(
        # -P: nothing is imported from the program's own folder.
        [sys.executable, "-P", str(PROGRAM), handler.module],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Worker(process, handler)
        finally:
            process.kill()
