"""Cold turns: a fresh process initialises at full speed and runs one turn on a share of a core.

Lambda gives a function's initialisation the most CPU there is, and the turn after it what goes with
the function's memory: a core at 1,769 MB.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html

The local services speak HTTP: what TLS costs at the first connection of each client is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Literal, NamedTuple

from scripts.benchmark.handlers import Handler
from scripts.benchmark.model import Pace
from scripts.benchmark.quota import Quota
from scripts.benchmark.services import Services, run_services
from scripts.benchmark.tables import Samples
from scripts.benchmark.turns import Turn, run_turn
from scripts.benchmark.worker import Init, run_worker


class Lambda(NamedTuple):
    """How the Lambda of every handler is set up."""

    quota: Quota
    """What limits the handler's process; the services are not within it."""
    quota_from: Literal["start", "invoke"]
    """Whether it does so from the first import, or from the invoke."""
    memory: bool
    """Whether there is a conversation table."""


def run(handlers: Sequence[Handler], setup: Lambda, pace: Pace, tokens: int, count: int) -> Samples:
    """Run cold turns of each handler, the handlers in alternation.

    Args:
        handlers: what to measure.
        setup: the surroundings that each of them has.
        pace: how fast model and gateway are.
        tokens: length of a reply.
        count: turns of each handler, after one that does not count.

    Returns:
        what the table says of each turn, by the handler's name.
    """
    samples: Samples = {handler.name: [] for handler in handlers}
    with ExitStack() as stack:
        services = stack.enter_context(run_services(pace))
        for handler in handlers:
            stack.enter_context(services.browser(handler.session_id))
        for index in range(count + 1):
            for handler in handlers:
                init, turn = _cold_turn(services, handler, setup, tokens)
                # The first import of a checkout compiles it.
                if index:
                    samples[handler.name].append(_figures(init, turn))
    return samples


def _cold_turn(
    services: Services, handler: Handler, setup: Lambda, tokens: int
) -> tuple[Init, Turn]:
    with (
        run_worker(handler, services.origin, memory=setup.memory) as worker,
        setup.quota.around(worker.process_id) as limit,
    ):
        if setup.quota_from == "start":
            limit()
        init = worker.initialize()
        if setup.quota_from == "invoke":
            limit()
        return init, run_turn(services, handler, worker, tokens)


def _figures(init: Init, turn: Turn) -> dict[str, float]:
    record, cost = turn
    first_frame_seconds = record.frames[0].at - cost.invoked_at
    return {
        "init, ms": init.seconds * 1000,
        "request out, ms from the invoke": (record.requests[0].at - cost.invoked_at) * 1000,
        "first frame, ms from the invoke": first_frame_seconds * 1000,
        "init and first frame, ms": (init.seconds + first_frame_seconds) * 1000,
        "return, ms from the invoke": (cost.returned_at - cost.invoked_at) * 1000,
        "CPU ms of init": init.cpu_seconds * 1000,
        "CPU ms of the turn": cost.cpu_seconds * 1000,
    }
