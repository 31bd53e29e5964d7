"""Many socket tasks at once on one local stack: each whole and in order, nothing left behind."""

from __future__ import annotations

import asyncio
import json
import os
import threading

import pytest
from websockets.asyncio.client import connect

from tests.stack_fixture import running_stack

# Few enough for a busy machine, whose other tests are to go on. More by the environment.
CONNECTIONS = int(os.environ.get("TASK_CONNECTIONS", "20"))
TASKS = 3
LINES = 60


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


async def crowd(address: str) -> dict[str, str]:
    replies = await asyncio.gather(*(client(address, each) for each in range(CONNECTIONS)))
    return {task_id: text for reply in replies for task_id, text in reply.items()}


@pytest.mark.slow
def test_every_task_of_many_clients_is_whole_and_in_order() -> None:
    with running_stack(tasks="tests.websocket_stack.local.demo_tasks:tasks") as origin:
        address = f"{origin.replace('http', 'ws', 1)}/dev"
        before = set(threading.enumerate())
        texts = asyncio.run(crowd(address))

    assert len(texts) == CONNECTIONS * TASKS
    for task_id, text in texts.items():
        assert text.rstrip() == "\n".join(f"{task_id} {line}" for line in range(LINES))
    # Those of pools wait for more.
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert [name for name in sorted(left) if not name.startswith(("WSGI", "AnyIO"))] == []
