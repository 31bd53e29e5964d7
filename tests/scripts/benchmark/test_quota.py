"""The limit on a handler's process: by the kernel where it lets us, by signals elsewhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from scripts.benchmark import quota
from scripts.benchmark.quota import Cgroup, Stops


@contextmanager
def idle_process() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


@pytest.fixture
def group() -> Iterator[Cgroup]:
    try:
        group = Cgroup.v1(0.5)
    except OSError:
        pytest.skip("no cgroup v1 can be made here")
    with closing(group):
        yield group


def quota_microseconds(process_id: int) -> str:
    lines = Path(f"/proc/{process_id}/cgroup").read_text().splitlines()
    (path,) = (line.rpartition(":")[2] for line in lines if line.split(":")[1] == "cpu")
    return (quota.CGROUPS / "cpu" / path.strip("/") / "cpu.cfs_quota_us").read_text().strip()


def test_cgroup_limits_once_told_to(group: Cgroup) -> None:
    with idle_process() as process_id, group.around(process_id) as limit:
        assert quota_microseconds(process_id) == "-1"
        limit()
        assert quota_microseconds(process_id) == "10000"


def test_each_process_of_a_cgroup_starts_unlimited(group: Cgroup) -> None:
    for _ in range(2):
        with idle_process() as process_id, group.around(process_id) as limit:
            assert quota_microseconds(process_id) == "-1"
            limit()


def test_closed_cgroup_is_gone() -> None:
    quota.available(0.5).close()
    assert not list(quota.CGROUPS.rglob(f"lex-streaming-bench-{os.getpid()}"))


def test_v2_without_cpu_controller_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        Cgroup.v2(0.5, tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_cgroups_the_process_is_stopped(tmp_path: Path) -> None:
    found = quota.available(0.5, tmp_path)
    assert isinstance(found, Stops)
    assert "no cgroup" in found.description


def test_stops_alternate_and_end_with_running() -> None:
    sent: list[int] = []
    twice = threading.Event()

    def kill(process_id: int, number: int) -> None:
        sent.append(number)
        if len(sent) >= 4:
            twice.set()

    with Stops(0.5, kill).around(1) as limit:
        assert not sent
        limit()
        assert twice.wait(10)
    assert sent[::2] == [signal.SIGSTOP] * (len(sent) // 2)
    assert sent[1::2] == [signal.SIGCONT] * (len(sent) // 2)
    assert len(sent) % 2 == 0


def test_stops_that_never_began_end_at_once() -> None:
    with Stops(0.5).around(1):
        pass
