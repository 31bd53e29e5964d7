"""Turns of handlers that are warm: what a turn costs once the Lambda runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from scripts.benchmark.handlers import Handler
from scripts.benchmark.model import Pace
from scripts.benchmark.services import run_services
from scripts.benchmark.tables import Samples
from scripts.benchmark.turns import Turn, run_turn
from scripts.benchmark.worker import Worker, run_worker

WARM_UP_TOKENS = 20
# Handlers that are only imported send nothing there.
NOWHERE = "http://127.0.0.1:9"


def run(
    handlers: Sequence[Handler], pace: Pace, tokens: int, count: int, *, memory: bool
) -> dict[str, list[Turn]]:
    """Run warm turns of each handler, the handlers in alternation.

    Args:
        handlers: what to measure.
        pace: how fast model and gateway are.
        tokens: length of a reply.
        count: turns of each handler.
        memory: whether the Lambdas have a conversation table.

    Returns:
        the turns of each handler by its name.
    """
    turns: dict[str, list[Turn]] = {handler.name: [] for handler in handlers}
    with ExitStack() as stack:
        services = stack.enter_context(run_services(pace))
        workers: list[tuple[Handler, Worker]] = []
        for handler in handlers:
            stack.enter_context(services.browser(handler.session_id))
            worker = stack.enter_context(run_worker(handler, services.origin, memory=memory))
            worker.initialize()
            run_turn(services, handler, worker, WARM_UP_TOKENS)
            workers.append((handler, worker))
        for _ in range(count):
            for handler, worker in workers:
                turns[handler.name].append(run_turn(services, handler, worker, tokens))
    return turns


def figures(turn: Turn) -> dict[str, float]:
    """Return what the table says of a turn."""
    record, cost = turn
    return {
        "first frame, ms after the first delta": (record.frames[0].at - record.deltas[0].at) * 1000,
        "return, ms after the last delta": (cost.returned_at - record.deltas[-1].at) * 1000,
        "frames": len(record.frames),
        "CPU ms": cost.cpu_seconds * 1000,
        "peak MB": cost.peak_bytes / 2**20,
    }


def imports(handlers: Sequence[Handler], count: int) -> Samples:
    """Import each handler in fresh processes, the handlers in alternation.

    Args:
        handlers: what to measure.
        count: imports of each handler, after one that does not count.

    Returns:
        what the table says of each import, by the handler's name.
    """
    samples: Samples = {handler.name: [] for handler in handlers}
    for index in range(count + 1):
        for handler in handlers:
            with run_worker(handler, NOWHERE) as worker:
                init = worker.initialize()
            # The first import of a checkout compiles it.
            if index:
                samples[handler.name].append(
                    {"import, ms": init.seconds * 1000, "CPU ms": init.cpu_seconds * 1000}
                )
    return samples
