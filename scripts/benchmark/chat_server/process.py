"""One server in a process of its own, which tells what it uses.

Run as ``python -m scripts.benchmark.chat_server.process SERVER RATE [PROVIDER]``: a line of
standard output says the port, then a line for each of standard input what was used so far.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

import uvicorn

from scripts.benchmark.chat_server import plain, steady
from websocket_stack.local.server import listen

CHAT_SERVER, PLAIN, SILENT, PROVIDER = "chat-server", "plain server", "silent server", "provider"
ROOT = Path(__file__).resolve().parents[3]


class Usage(NamedTuple):
    """What a process has used so far."""

    cpu_seconds: float
    resident_bytes: int


class Process:
    """A server that runs.

    Args:
        process: its process, with pipes.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._line())

    def usage(self) -> Usage:
        """Return what it has used so far."""
        assert self._process.stdin is not None
        print(file=self._process.stdin, flush=True)
        return Usage(*json.loads(self._line()))

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def run(name: str, rate: float, provider: str = "") -> Iterator[Process]:
    """Run a server.

    Args:
        name: one of the four.
        rate: chunks a second.
        provider: the address of a provider; without it, the chunks are made in the process.
    """
    module = "scripts.benchmark.chat_server.process"
    with subprocess.Popen(
        [sys.executable, "-m", module, name, f"{rate}", provider],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Process(process)
        finally:
            process.kill()


def main(name: str, rate: float, provider: str) -> None:
    """Serve until the input ends."""
    # A log line for each run is a part of what the chat server costs, and has to go somewhere.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    threading.Thread(target=_tell_usage, args=(answers,), daemon=True).start()
    with listen("127.0.0.1", 0) as listener:
        print(listener.getsockname()[1], file=answers, flush=True)
        http_server(name, rate, provider).run(sockets=[listener])


def http_server(name: str, rate: float, provider: str) -> uvicorn.Server:
    """Return a server; see :func:`run`."""
    if name == CHAT_SERVER:
        # The others do without its modules, as the plain server does where people run it.
        from scripts.benchmark.chat_server import ours

        return ours.http_server(rate, provider)
    if name == PROVIDER:
        app = steady.provider(rate)
    else:
        chunks = plain.over_http(provider) if provider else plain.steady(rate)
        app = plain.application(chunks, is_silent=name == SILENT)
    return uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning"))


def _tell_usage(answers: TextIO) -> None:
    for _ in sys.stdin:
        print(json.dumps([time.process_time(), _resident_bytes()]), file=answers, flush=True)
    os._exit(0)


def _resident_bytes() -> int:
    # https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3])
