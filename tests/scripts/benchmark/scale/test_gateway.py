"""The quota of posts."""

from __future__ import annotations

from scripts.benchmark.scale.gateway import Gateway


def taken(gateway: Gateway, now: float, posts: int) -> int:
    return sum(gateway.post(now) for _ in range(posts))


def test_burst_is_taken_at_once_and_no_more() -> None:
    assert taken(Gateway(10, burst=5), 0, 20) == 5


def test_rate_fills_the_bucket_to_its_brim() -> None:
    gateway = Gateway(10, burst=5)
    taken(gateway, 0, 5)
    assert taken(gateway, 0.25, 20) == 2
    assert taken(gateway, 100, 20) == 5


def test_refused_posts_cost_nothing() -> None:
    gateway = Gateway(10, burst=1)
    taken(gateway, 0, 1000)
    assert taken(gateway, 0.1, 1)
