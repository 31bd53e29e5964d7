"""What ``scripts/bench --door chat-server`` prints."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from statistics import median

from scripts.benchmark.chat_server.measure import CPU, Crowd, idle, replies
from scripts.benchmark.chat_server.process import CHAT_SERVER, PLAIN, PROVIDER, SILENT, run
from scripts.benchmark.tables import Samples, Table

# A provider in Python, on the same machine, is busy with this share of the clients already.
PROVIDER_SHARE = 0.4


def tables(
    crowd: Crowd, turns: int, silent_sockets: int, progress: Callable[[str], None]
) -> Iterator[Table]:
    """Measure, and yield each table once it is complete.

    Args:
        crowd: who asks.
        turns: how often each server is measured.
        silent_sockets: how many there are, to measure what one takes.
        progress: is told what is being measured.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    title = f"Replies made in the process: {_text(crowd)}"
    progress(title)
    yield Table(title, net(replies([CHAT_SERVER, PLAIN, SILENT], crowd, turns)))

    crowd = crowd._replace(clients=max(1, int(crowd.clients * PROVIDER_SHARE)))
    title = f"Replies of a provider over HTTP, by its SDK in the plain server: {_text(crowd)}"
    progress(title)
    with run(PROVIDER, crowd.rate) as provider:
        url = f"http://127.0.0.1:{provider.port}/v1"
        yield Table(title, replies([CHAT_SERVER, PLAIN], crowd, turns, url))

    title = f"Sockets that are silent: {silent_sockets}"
    progress(title)
    yield Table(title, idle([CHAT_SERVER, PLAIN], silent_sockets))


def net(samples: Samples) -> Samples:
    """Return figures with the CPU that a silent server does not take, and without that server."""
    silent = median(figures[CPU] for figures in samples[SILENT])
    return {
        name: [
            figures | {f"{CPU}, net of a silent server": figures[CPU] - silent} for figures in turns
        ]
        for name, turns in samples.items()
        if name != SILENT
    }


def _text(crowd: Crowd) -> str:
    return (
        f"{crowd.clients} clients within {crowd.spread_seconds:g} s,"
        f" {crowd.chunks} chunks each, {crowd.rate:g} a second"
    )
