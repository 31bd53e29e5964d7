"""Limits a process to a share of a core, by the best means that the machine allows."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

# Lambda's own period, as others have measured it.
# https://engineering.opsgenie.com/how-does-proportional-cpu-allocation-work-with-aws-lambda-41cd44da3cac
PERIOD_MICROSECONDS = 20_000
CGROUPS = Path("/sys/fs/cgroup")


class Quota(Protocol):
    """Limits one process at a time."""

    description: str
    """What it does, for those who read the figures."""

    def around(self, process_id: int) -> AbstractContextManager[Callable[[], None]]:
        """Take a process in, at full speed as yet.

        Args:
            process_id: a process that ends with the context.

        Yields:
            the function that limits it from then on.
        """
        ...

    def close(self) -> None:
        """Leave the machine as it was, once no process is left."""


class Cgroup:
    """A control group of the kernel, which counts the CPU time of all threads.

    Args:
        folder: where to make it.
        limit: what to write to which of its files to limit it.
        unlimited: the same to limit it no longer.
        description: what it does.

    Raises:
        OSError: the machine does not allow it.
    """

    def __init__(
        self, folder: Path, limit: Mapping[str, str], unlimited: Mapping[str, str], description: str
    ) -> None:
        self.description = description
        self._folder = folder
        self._limit = limit
        self._unlimited = unlimited
        folder.mkdir()
        try:
            self._write(limit)
        except OSError:
            self.close()
            raise

    @classmethod
    def v1(cls, share: float, root: Path = CGROUPS) -> Cgroup:
        """Make one where the ``cpu`` controller has a hierarchy of its own."""
        # https://docs.kernel.org/scheduler/sched-bwc.html
        return cls(
            root / "cpu" / _name(),
            {
                "cpu.cfs_period_us": str(PERIOD_MICROSECONDS),
                "cpu.cfs_quota_us": str(round(share * PERIOD_MICROSECONDS)),
            },
            {"cpu.cfs_quota_us": "-1"},
            f"{share:g} of a core, by a cgroup (v1)",
        )

    @classmethod
    def v2(cls, share: float, root: Path = CGROUPS) -> Cgroup:
        """Make one where all controllers share a hierarchy."""
        # https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
        return cls(
            root / _name(),
            {"cpu.max": f"{round(share * PERIOD_MICROSECONDS)} {PERIOD_MICROSECONDS}"},
            {"cpu.max": f"max {PERIOD_MICROSECONDS}"},
            f"{share:g} of a core, by a cgroup (v2)",
        )

    @contextmanager
    def around(self, process_id: int) -> Iterator[Callable[[], None]]:
        """See :meth:`Quota.around`."""
        self._write(self._unlimited)
        # All threads move with it. That takes milliseconds, so it is done ahead of the limit.
        self._write({"cgroup.procs": str(process_id)})
        yield lambda: self._write(self._limit)

    def close(self) -> None:
        """See :meth:`Quota.close`."""
        self._folder.rmdir()

    def _write(self, texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            # Not created: where the kernel does not offer the file, there is no such limit.
            with open(self._folder / name, "r+") as file:
                file.write(text)


class Stops:
    """Stops the process for the rest of each period, which any user may do to a child.

    Coarser than a cgroup: time in which the process waits is taken from it too, and two threads
    that run at once get up to twice the share.

    Args:
        share: of the time in which the process runs.
        kill: sends a process a signal.
    """

    def __init__(self, share: float, kill: Callable[[int, int], None] = os.kill) -> None:
        self._kill = kill
        self.description = (
            f"{share:g} of the time, by stopping the process (no cgroup can be made here)"
        )
        self._running_seconds = share * PERIOD_MICROSECONDS / 1e6
        self._stopped_seconds = (1 - share) * PERIOD_MICROSECONDS / 1e6

    @contextmanager
    def around(self, process_id: int) -> Iterator[Callable[[], None]]:
        """See :meth:`Quota.around`."""
        ended = threading.Event()
        thread = threading.Thread(target=self._alternate, args=(process_id, ended))
        try:
            yield thread.start
        finally:
            ended.set()
            if thread.ident is not None:
                thread.join()

    def close(self) -> None:
        """Nothing is left behind."""

    def _alternate(self, process_id: int, ended: threading.Event) -> None:
        # The process may end in the middle of it.
        with suppress(ProcessLookupError):
            while not ended.wait(self._running_seconds):
                self._kill(process_id, signal.SIGSTOP)
                ended.wait(self._stopped_seconds)
                self._kill(process_id, signal.SIGCONT)


def available(share: float, root: Path = CGROUPS) -> Quota:
    """Return the best quota that this machine and user allow.

    Args:
        share: of a core.
        root: where cgroups are mounted.
    """
    for make in (Cgroup.v1, Cgroup.v2):
        with suppress(OSError):
            return make(share, root)
    return Stops(share)


def _name() -> str:
    return f"lex-streaming-bench-{os.getpid()}"
