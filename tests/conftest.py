"""Fixtures shared by all tests."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

EVENTS = Path(__file__).parent / "events"

# Old objects, which are thousands of tests and the modules of all, are seldom looked through.
gc.set_threshold(*gc.get_threshold()[:2], 200)

# How many processes wait at a time, while others keep the processors busy.
WAITING = 4

# Before any module makes a client at import. Nothing here is reached: a wrong endpoint fails fast.
for name in [name for name in os.environ if name.startswith(("AWS_", "POWERTOOLS_"))]:
    del os.environ[name]
os.environ.update(
    AWS_DEFAULT_REGION="us-east-1",
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
    SESSION_TABLE="sessions",
    NO_PROXY="127.0.0.1,localhost",
)

# By --hypothesis-profile. The same examples in each run, but for the thorough.
settings.register_profile("quick", max_examples=10, deadline=None, derandomize=True)
settings.register_profile("default", max_examples=30, deadline=None, derandomize=True)
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=2_000, deadline=None)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the fuzz tests try more than they do by default."""
    parser.addoption(
        "--fuzz",
        type=int,
        default=500,
        help="how many mutated events, and hostile documents of each kind, to try",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes run the tests.

    Some more than there are processors, for many of the slow tests wait for a socket. The quick
    ones do not, and ask for "logical": each process collects all tests again, and loads what they
    need.
    """
    processors = os.cpu_count() or 1
    # Of the deployed ones, each process has an emulator with functions, which take 1 GB.
    few = config.option.numprocesses == "logical" or config.option.markexpr == "deployed"
    return processors if few else processors + WAITING


def pytest_collection_finish() -> None:
    """Leave the tests and modules that are there by now out of garbage collection: they stay."""
    gc.freeze()


@pytest.fixture
def load_event() -> Callable[[str], dict[str, Any]]:
    """Return a function that loads an event file of ``tests/events`` by its name."""

    def load(name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
        return loaded

    return load
