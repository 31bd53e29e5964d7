"""Socket tasks: what a client hears of a task, from this package's worker and from a plain one."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from websockets.sync.client import connect

from scripts.benchmark.model import Pace
from scripts.benchmark.records import Moment
from scripts.benchmark.services import Services, run_services
from scripts.benchmark.tables import Samples

WARM_UP_TOKENS = 20
TASK_SECONDS = 600


class TaskWorker(NamedTuple):
    """What answers tasks.

    Attributes:
        name: its column of the table.
        tasks: where it is, as ``scripts/serve --tasks`` has it, or nothing for the deployed one.
    """

    name: str
    tasks: str = ""


SOCKET_TASKS = TaskWorker("socket tasks")
PLAIN_LOOP = TaskWorker("plain loop", "scripts.benchmark.plain_tasks:lambda_handler")


class TaskFailed(Exception):
    """A client did not get the whole text."""


def run(workers: Sequence[TaskWorker], pace: Pace, tokens: int, count: int) -> Samples:
    """Run tasks of each worker, the workers in alternation.

    Args:
        workers: what to measure.
        pace: how fast model and gateway are.
        tokens: length of a reply.
        count: tasks of each worker.

    Returns:
        what the table says of each task, by the worker's name.
    """
    samples: Samples = {worker.name: [] for worker in workers}
    with ExitStack() as stack:
        running = [
            (worker, stack.enter_context(run_services(pace, worker.tasks))) for worker in workers
        ]
        for _, services in running:
            run_task(services, WARM_UP_TOKENS)
        for _ in range(count):
            for worker, services in running:
                samples[worker.name].append(run_task(services, tokens))
    return samples


def run_task(services: Services, tokens: int) -> dict[str, float]:
    """Run one task; return what the table says of it.

    Raises:
        TaskFailed: its text is not whole.
    """
    services.record()  # what an earlier task left behind
    frames = _frames(services.origin, tokens)
    deltas = services.record().deltas
    written = sum(delta.characters for delta in deltas)
    received = sum(frame.characters for frame in frames)
    # White space at the end is no text.
    if not 0 <= written - received <= 1:
        raise TaskFailed(f"{received} of {written} characters arrived")
    return {
        "first text, ms after the first delta": (frames[0].at - deltas[0].at) * 1000,
        "end, ms after the last delta": (frames[-1].at - deltas[-1].at) * 1000,
        "frames": len(frames),
    }


def _frames(origin: str, tokens: int) -> list[Moment]:
    """Submit a task as a client of Socket LLM does; return the frames that it gets."""
    task_id = uuid.uuid4().hex
    task = {"id": task_id, "type": "llm-streamer", "data": {"question": str(tokens)}}
    frames: list[Moment] = []
    with connect(origin.replace("http://", "ws://") + "/dev", proxy=None) as socket:
        socket.send(json.dumps({"action": "task-submit", "task": task}))
        while True:
            frame = json.loads(socket.recv(TASK_SECONDS))
            at, response = time.monotonic(), frame["response"]
            if frame["status"] != "Success":
                raise TaskFailed(str(response))
            if not isinstance(response, str):
                return [*frames, Moment(at, 0)]
            frames.append(Moment(at, len(response)))
