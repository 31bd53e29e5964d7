from __future__ import annotations

from tests.fakes import FakeClock
from websocket_stack.server.limits import Asks


def test_as_many_as_a_minute_has_may_come_at_once() -> None:
    clock = FakeClock()
    asks = Asks(3, clock)
    assert [asks.take("a") for _ in range(4)] == [0, 0, 0, 20]
    assert asks.take("b") == 0
    clock.advance(20)
    assert asks.take("a") == 0
    assert asks.take("a") > 0


def test_who_has_not_asked_for_long_is_forgotten() -> None:
    clock = FakeClock()
    asks = Asks(60, clock)
    for number in range(5_000):
        clock.advance(1)
        asks.take(str(number))
    assert len(asks._buckets) < 1_100
