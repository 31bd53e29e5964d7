"""Checks that post to the own connection."""

from __future__ import annotations

import pytest
from smoke_fakes import FakeManagement, FakeSocket, session

from fakes import FakeClock
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
def test_a_post_that_does_not_arrive_fails(management, message) -> None:
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
def test_an_empty_post_never_fails(management, text) -> None:
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
