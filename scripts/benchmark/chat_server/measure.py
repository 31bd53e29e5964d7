"""What is measured of the servers: replies to many at once, and sockets that are silent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from scripts.benchmark.chat_server.clients import Arrival, ask_all, open_clients
from scripts.benchmark.chat_server.process import Process, run
from scripts.benchmark.tables import Samples

# A whole server is warm after its first answers.
WARM_UP_CHUNKS = 20
CPU = "CPU, ms a reply"
Figures = dict[str, float]


class Crowd(NamedTuple):
    """Who asks for what.

    Attributes:
        clients: how many ask one question each.
        chunks: how many make an answer.
        rate: chunks a second.
        spread_seconds: over how long the questions are asked.
    """

    clients: int
    chunks: int
    rate: float
    spread_seconds: float


class BrokenReply(Exception):
    """A client did not get each chunk once and in order."""


def replies(names: Sequence[str], crowd: Crowd, turns: int, provider: str = "") -> Samples:
    """Measure servers in alternation, each turn in a fresh process.

    Args:
        names: which.
        crowd: who asks.
        turns: how often each of them.
        provider: see :func:`scripts.benchmark.chat_server.process.run`.
    """
    samples: Samples = {name: [] for name in names}
    for _ in range(turns):
        for name in names:
            with run(name, crowd.rate, provider) as process:
                samples[name].append(asyncio.run(_replies(process, crowd)))
    return samples


def idle(names: Sequence[str], sockets: int) -> Samples:
    """Measure what silent sockets cost, in fresh processes.

    Args:
        names: of which servers.
        sockets: how many.
    """
    samples: Samples = {}
    for name in names:
        with run(name, 1.0) as process:
            samples[name] = [asyncio.run(_idle(process, sockets))]
    return samples


async def _replies(process: Process, crowd: Crowd) -> Figures:
    warm = await open_clients(process.port, 1)
    await ask_all(warm, WARM_UP_CHUNKS, 0)
    clients = await open_clients(process.port, crowd.clients)
    before = process.usage()
    answers = await ask_all(clients, crowd.chunks, crowd.spread_seconds)
    used = process.usage().cpu_seconds - before.cpu_seconds
    for client in [*warm, *clients]:
        await client.close()
    return figures_of(answers, crowd.chunks) | {
        CPU: used * 1000 / crowd.clients,
    }


def figures_of(answers: Sequence[Sequence[Arrival]], chunks: int) -> Figures:
    """Return what the table says of answers, of the given number of chunks each.

    Raises:
        BrokenReply: one of them is not whole, or not in order; a silent one is neither.
    """
    first, last, frames = [], [], 0
    for arrivals in filter(None, answers):
        moments = [float(word) for arrival in arrivals for word in arrival.text.split()]
        if len(moments) != chunks or moments != sorted(moments):
            raise BrokenReply(f"{len(moments)} of {chunks} chunks")
        first.append(arrivals[0].at - moments[0])
        last.append(arrivals[-1].at - moments[-1])
        frames += len(arrivals)
    return {
        "frames a reply": frames / len(answers),
        "first text, ms (95th percentile)": _late(first),
        "last text, ms (95th percentile)": _late(last),
    }


def _late(seconds: Sequence[float]) -> float:
    return 1000 * sorted(seconds)[int(0.95 * len(seconds))] if seconds else 0.0


async def _idle(process: Process, sockets: int) -> Figures:
    warm = await open_clients(process.port, 50)
    before = process.usage()
    clients = await open_clients(process.port, sockets)
    used = process.usage().resident_bytes - before.resident_bytes
    for client in [*warm, *clients]:
        await client.close()
    return {"KB a socket": used / sockets / 1024}
