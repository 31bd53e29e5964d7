"""Starts MiniStack in an environment of its own, which is made once and kept in ``build/``."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build"
REQUIREMENTS = (
    # It pins botocore, hence the environment of its own.
    "ministack==1.5.33",
    # For the Lambda functions, which find it in Lambda's runtime on AWS.
    "boto3==1.43.106",
)
HOST = "127.0.0.1"
SETUP_SECONDS = 300
START_SECONDS = 60
STOP_SECONDS = 20
POLL_SECONDS = 0.1
# MiniStack has no proxy before it.
_open = build_opener(ProxyHandler({})).open


@contextmanager
def running_emulator(variables: Mapping[str, str]) -> Iterator[str]:
    """Run MiniStack on a free port of the loopback; yields its origin.

    Args:
        variables: environment variables of its own.
    """
    python = _environment()
    port = _free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "NO_PROXY": HOST,
        "AUTH": "true",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "LOG_LEVEL": "WARNING",
        **variables,
    }
    log = BUILD / f"ministack-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [python, "-m", "emulator"],
            cwd=HERE,
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(f"http://{HOST}:{port}/_ministack/health", process, log)
            yield f"http://{HOST}:{port}"
        finally:
            _stop(process)
    log.unlink()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def _environment() -> Path:
    """Return the interpreter of MiniStack's environment, which is made if it is missing."""
    folder = BUILD / "ministack"
    BUILD.mkdir(exist_ok=True)
    # The tests' processes all come here at once.
    with (BUILD / "ministack.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(
            [ROOT / "scripts" / "venv", "--at", folder.relative_to(ROOT), *REQUIREMENTS],
            check=True,
            timeout=SETUP_SECONDS,
        )
    return folder / "bin" / "python"


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    gives_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < gives_up_at and process.poll() is None:
        try:
            _open(url, timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(POLL_SECONDS)
    raise AssertionError(f"MiniStack does not start:\n{log.read_text('utf-8')}")
