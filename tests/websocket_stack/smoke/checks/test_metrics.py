"""Metrics that arrive late, or never."""

from __future__ import annotations

import pytest

from tests.fakes import FakeClock
from tests.websocket_stack.smoke.smoke_fakes import session
from websocket_stack.smoke.checks import metrics
from websocket_stack.smoke.report import CheckFailed, CheckSkipped
from websocket_stack.smoke.session import SmokeSession


class FakeFunction:
    def __init__(self, *turns: float) -> None:
        self._turns = list(turns)

    def turns_in_metrics(self) -> float:
        return self._turns.pop(0) if self._turns else 0


def waiting(*turns: float, clock: FakeClock | None = None) -> SmokeSession:
    smoke = session(clock=clock)
    smoke.waits_for_metrics = True
    smoke.function = FakeFunction(*turns)  # type: ignore[assignment]
    return smoke


def test_they_are_waited_for() -> None:
    clock = FakeClock()
    started = clock()
    assert metrics.arrive(waiting(0, 0, 5, clock=clock)).numbers == {"turns": 5}
    assert clock() - started == 2 * metrics.LOOK_SECONDS


def test_they_may_never_come() -> None:
    with pytest.raises(CheckFailed, match="no turn of this run"):
        metrics.arrive(waiting())


def test_they_are_an_option() -> None:
    with pytest.raises(CheckSkipped, match="give --metrics"):
        metrics.arrive(session())
    without_function = waiting()
    without_function.function = None
    with pytest.raises(CheckSkipped, match="no fulfillment Lambda"):
        metrics.arrive(without_function)
