"""Tasks of a builder, and workers that fail, for the local stack."""

from __future__ import annotations

import threading
from typing import Any

from websocket_stack.tasks import Tasks

tasks = Tasks()


@tasks.task("count")
def count(task: Any) -> Any:
    for number in range(task.data["to"]):
        yield f"{task.data['name']} {number}\n"


def dies(event: Any, context: Any) -> None:
    """Take a task, and end as a process that is killed does."""
    tasks._worker._runs.begin(event["run"], context.aws_request_id, 900)
    raise SystemExit


def hangs(event: Any, context: Any) -> None:
    """Take a task, and neither work nor return before the function's time is over."""
    tasks._worker._runs.begin(event["run"], context.aws_request_id, 900)
    threading.Event().wait(1.0)
