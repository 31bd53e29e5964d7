"""The local services as the measuring process sees them, and the browsers connected to them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

from websockets.sync.client import ClientConnection, connect

from scripts.benchmark.handlers import ROOT
from scripts.benchmark.model import Pace
from scripts.benchmark.records import Record


class Services:
    """Running services.

    Args:
        origin: their address, ``http://host:port``.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin

    @contextmanager
    def browser(self, session_id: str) -> Iterator[None]:
        """Connect as the browser of a session, which reads its frames and ignores them."""
        address = self.origin.replace("http://", "ws://") + f"/Prod?sessionId={session_id}"
        with connect(address) as socket:
            threading.Thread(target=_read, args=(socket,), daemon=True).start()
            yield

    def record(self) -> Record:
        """Return what was recorded since the last call."""
        with urlopen(f"{self.origin}/record") as response:
            return Record.from_json(json.load(response))


@contextmanager
def run_services(pace: Pace, tasks: str = "") -> Iterator[Services]:
    """Run the services in a process of their own.

    Args:
        pace: how fast model and gateway are.
        tasks: what answers socket tasks, as ``module:attribute``; by default what is deployed.

    Yields:
        the services, ready to be called.
    """
    command = [sys.executable, "-m", "scripts.benchmark.services_process", *map(str, pace), tasks]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Services(process.stdout.readline().strip())
        finally:
            process.kill()


def _read(socket: ClientConnection) -> None:
    for _ in socket:
        pass
