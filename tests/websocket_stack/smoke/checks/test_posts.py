"""Checks that post to the own connection."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes import FakeClock
from tests.websocket_stack.smoke.smoke_fakes import (
    STACK,
    FakeManagement,
    FakeSocket,
    FakeTable,
    session,
)
from websocket_stack.smoke.checks import posts as post_checks
from websocket_stack.smoke.report import CheckFailed, CheckSkipped


def test_posts_are_measured() -> None:
    finding = post_checks.posts_in_time(session(opened=FakeSocket(), posts=20))

    assert finding.numbers == {"posts": 20, "p50_ms": 10.0, "p95_ms": 19.0, "p99_ms": 20.0}
    assert "p50 10 ms, p95 19 ms, p99 20 ms" in finding.text


def test_no_posts_are_no_measurement() -> None:
    with pytest.raises(CheckSkipped):
        post_checks.posts_in_time(session(opened=FakeSocket(), posts=0))


@pytest.mark.parametrize(
    ("management", "message"),
    [
        (FakeManagement([200]), "post 1 of 3: taken, but not what arrives"),
        (FakeManagement([429]), "post 1 of 3: status 429"),
    ],
)
def test_a_post_that_does_not_arrive_fails(management: FakeManagement, message: str) -> None:
    with pytest.raises(CheckFailed, match=message):
        post_checks.posts_in_time(session(opened=FakeSocket(), management=management))


def test_a_frame_that_is_not_the_post_fails() -> None:
    with pytest.raises(CheckFailed):
        post_checks.posts_in_time(session(opened=FakeSocket("another frame")))


@pytest.mark.parametrize(
    ("management", "text"),
    [
        (FakeManagement([400]), "a post without data gets status 400, and no frame arrives"),
        (FakeManagement([200]), "a post without data gets status 200, and no frame arrives"),
    ],
)
def test_an_empty_post_never_fails(management: FakeManagement, text: str) -> None:
    finding = post_checks.takes_an_empty_post(session(opened=FakeSocket(), management=management))

    assert finding.text == text


def test_an_empty_post_may_arrive() -> None:
    finding = post_checks.takes_an_empty_post(session(opened=FakeSocket()))

    assert (
        finding.text == "a post without data gets status 200, and a frame of 0 characters arrives"
    )
    assert finding.numbers == {"http_status": 200, "arrives": True}


def test_gone_is_told_with_header_and_body() -> None:
    socket, clock = FakeSocket(), FakeClock()
    management = FakeManagement(
        [200, 410], clock=clock, headers={"x-amzn-ErrorType": "GoneException"}, body=b"{}"
    )
    finding = post_checks.says_gone_after_closing(
        session(opened=socket, management=management, clock=clock)
    )

    assert socket.is_closed
    assert "x-amzn-ErrorType: GoneException; body: {}" in finding.text
    assert finding.numbers["after_ms"] == pytest.approx(203.0)
    assert len(management.posts) == 2


def test_gone_may_come_with_nothing() -> None:
    finding = post_checks.says_gone_after_closing(
        session(opened=FakeSocket(), management=FakeManagement([410]))
    )

    assert "x-amzn-ErrorType: none; body: empty" in finding.text


def test_a_closed_connection_must_refuse_posts() -> None:
    management = FakeManagement([200])
    with pytest.raises(CheckFailed, match="status 200 instead of 410"):
        post_checks.says_gone_after_closing(session(opened=FakeSocket(), management=management))
    assert len(management.posts) == post_checks.GONE_TRIES


# --- many at once


def test_a_burst_has_to_arrive() -> None:
    stack = replace(STACK, throttling_burst=5)
    finding = post_checks.takes_a_burst(session(opened=FakeSocket(), stack=stack))

    assert finding.numbers == {"posts": 10}
    assert finding.text == (
        "10 posts at once, more than the stage's ThrottlingBurst of 5: all arrived"
    )


def test_a_burst_that_is_throttled_fails() -> None:
    smoke = session(opened=FakeSocket(), management=FakeManagement([429]))
    smoke.burst = 4
    with pytest.raises(CheckFailed, match=r"of 4 posts at once not all are taken \(status 429 4"):
        post_checks.takes_a_burst(smoke)


def test_a_burst_that_gets_lost_fails() -> None:
    smoke = session(opened=FakeSocket(), management=FakeManagement([200]))
    smoke.burst = 4
    with pytest.raises(CheckFailed, match="4 of 4 posts were taken, fewer arrived"):
        post_checks.takes_a_burst(smoke)


@pytest.mark.parametrize("burst", [None, 0, 5000])
def test_a_burst_may_be_left_out(burst: int | None) -> None:
    smoke = session(opened=FakeSocket())
    smoke.burst = burst
    with pytest.raises(CheckSkipped):
        post_checks.takes_a_burst(smoke)


# --- after closing


def test_a_closed_connection_is_forgotten() -> None:
    smoke = session(opened=FakeSocket(), table=FakeTable({"owner": {"S": "me"}}))
    smoke.connection_id = "own="
    assert "is gone" in post_checks.forgets_the_connection(smoke).text


def test_a_connection_that_stays_fails() -> None:
    smoke = session(opened=FakeSocket())
    with pytest.raises(CheckSkipped):
        post_checks.forgets_the_connection(smoke)
    smoke.connection_id = "own="
    with pytest.raises(CheckFailed, match="still has the connection"):
        post_checks.forgets_the_connection(smoke)
