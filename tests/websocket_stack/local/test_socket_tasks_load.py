"""Many socket tasks at once on one local stack: each whole and in order, nothing left behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from websockets.asyncio.client import connect

from tests.documents import ROOT
from tests.stack_fixture import running_stack

pytestmark = pytest.mark.slow

# Few enough for a busy machine, whose other tests are to go on. More by the environment.
CONNECTIONS = int(os.environ.get("TASK_CONNECTIONS", "10"))
TASKS = 3
LINES = 60
DEMO_TASKS = "tests.websocket_stack.local.demo_tasks:tasks"
LOOK_SECONDS = 0.05
# Of the memory after the first crowd. Allocators keep some of it, and no two rounds are the same.
GROWTH = 1.25


class Usage(NamedTuple):
    """What a process has of the machine.

    Attributes:
        memory: resident, in whole MB.
        threads: how many.
    """

    memory: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> Usage:
        """Return that of a process, as Linux has it."""
        status = Path(f"/proc/{pid}/status").read_text("ascii")
        lines = dict(line.split(":", 1) for line in status.splitlines())
        return cls(int(lines["VmRSS"].split()[0]) // 1024, int(lines["Threads"]))

    def __str__(self) -> str:
        return f"{self.memory} MB, {self.threads} threads"


async def client(address: str, number: int) -> dict[str, str]:
    """Ask for tasks at once; return their texts, once all have finished."""
    texts = {f"{number}-{task}": "" for task in range(TASKS)}
    finished = 0
    async with connect(address, proxy=None, open_timeout=120) as socket:
        for task_id in texts:
            data = {"name": task_id, "to": LINES}
            task = {"id": task_id, "type": "count", "data": data}
            await socket.send(json.dumps({"action": "task-submit", "task": task}))
        while finished < TASKS:
            frame = json.loads(await asyncio.wait_for(socket.recv(), 300))
            assert frame["status"] == "Success", frame
            if isinstance(frame["response"], str):
                texts[frame["task_id"]] += frame["response"]
            else:
                finished += 1
    return texts


async def crowd(address: str) -> None:
    """Have many clients ask at once; each has its replies whole and in order."""
    replies = await asyncio.gather(*(client(address, each) for each in range(CONNECTIONS)))
    texts = {task_id: text for reply in replies for task_id, text in reply.items()}
    assert len(texts) == CONNECTIONS * TASKS
    for task_id, text in texts.items():
        assert text.rstrip() == "\n".join(f"{task_id} {line}" for line in range(LINES))


async def watched_crowd(address: str, pid: int) -> Usage:
    """Return the most that a process had while a crowd asked."""
    most = Usage.of(pid)
    asking = asyncio.ensure_future(crowd(address))
    while not (await asyncio.wait([asking], timeout=LOOK_SECONDS))[0]:
        most = Usage(*map(max, most, Usage.of(pid)))
    await asking
    return most


@pytest.mark.ci
def test_no_thread_is_left_behind() -> None:
    with running_stack(tasks=DEMO_TASKS) as origin:
        before = set(threading.enumerate())
        asyncio.run(crowd(f"{origin.replace('http', 'ws', 1)}/dev"))

    # Those of pools wait for more.
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert [name for name in sorted(left) if not name.startswith(("WSGI", "AnyIO"))] == []


@contextmanager
def serving() -> Iterator[tuple[str, int]]:
    """Run the stack in a process of its own; yields the tasks' address, and the process's id."""
    with subprocess.Popen(
        [sys.executable, "-m", "websocket_stack.local", "--port", "0", "--tasks", DEMO_TASKS],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            origin = re.search(r"http(://[\w.:]+)", process.stdout.readline())
            assert origin, "the stack did not start"
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield f"ws{origin[1]}/dev", process.pid
        finally:
            process.terminate()


@pytest.mark.ci
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_from_crowd_to_crowd() -> None:
    """Its rows grow: 20 KB of a task, as moto keeps them. ``-rP`` shows what two crowds take."""
    with serving() as (address, pid):
        sys.stdout.write(f"before: {Usage.of(pid)}\n")
        after = []
        for number in range(1, 3):
            most = asyncio.run(watched_crowd(address, pid))
            after.append(Usage.of(pid))
            sys.stdout.write(f"crowd {number}: at most {most}; after it {after[-1]}\n")

    assert after[-1].memory < GROWTH * after[0].memory
