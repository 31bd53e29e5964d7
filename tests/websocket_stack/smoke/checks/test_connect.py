"""Connection checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.websocket_stack.smoke.smoke_fakes import (
    CREDENTIALS,
    OPEN_STACK,
    STACK,
    FakeConnect,
    FakeSocket,
    session,
)
from websocket_stack.smoke.browser import Identity
from websocket_stack.smoke.checks import connect
from websocket_stack.smoke.report import CheckFailed, CheckSkipped, Finding

REFUSALS = [
    connect.refuses_unsigned,
    connect.refuses_an_identity_of_others,
    connect.refuses_a_second_owner,
]


def guest() -> Identity:
    return Identity("eu-west-1:guest", CREDENTIALS)


def strangers(outcome: FakeSocket | int, **more: Any) -> Any:
    """Return a session that is connected, and what the next connection meets."""
    fake = FakeConnect(outcome)
    return session(opened=FakeSocket(), connect=fake, new_guest=guest, **more), fake


def test_the_socket_stays_open_until_the_end() -> None:
    socket = FakeSocket()
    smoke = session(connect=FakeConnect(socket))
    finding = connect.connects(smoke)

    assert finding.text == "connected in 0 ms"
    opened: object = smoke.require_socket()
    assert opened is socket
    assert not socket.is_closed
    smoke.sockets.close()
    assert socket.is_closed


def test_a_refusal_fails_with_its_status() -> None:
    with pytest.raises(CheckFailed, match="refused with status 403"):
        connect.connects(session(connect=FakeConnect(403)))


def test_a_ping_must_not_be_answered() -> None:
    socket = FakeSocket()
    connect.is_silent_after_ping(session(opened=socket))
    assert socket.sent == ['{"action":"ping"}']

    with pytest.raises(CheckFailed, match="answered with 4 characters"):
        connect.is_silent_after_ping(session(opened=FakeSocket("pong")))


def test_other_messages_must_not_be_answered() -> None:
    socket = FakeSocket()
    connect.is_silent_after_others(session(opened=socket))
    assert socket.sent == ["hello", '{"action":"unknown"}']

    with pytest.raises(CheckFailed, match="answered with 5 characters"):
        connect.is_silent_after_others(session(opened=FakeSocket("error")))


@pytest.mark.parametrize("check", [connect.connects, *REFUSALS])
def test_without_an_api_nobody_connects(check: Callable[..., Finding]) -> None:
    with pytest.raises(CheckSkipped):
        check(session(stack=replace(STACK, websocket="", connections="")))


@pytest.mark.parametrize("check", REFUSALS)
@pytest.mark.parametrize("status", [401, 403])
def test_strangers_are_refused(check: Callable[..., Finding], status: int) -> None:
    other, _ = strangers(status)

    assert check(other).text == f"refused with status {status}"


@pytest.mark.parametrize("check", REFUSALS)
@pytest.mark.parametrize(("outcome", "message"), [(FakeSocket(), "let in"), (500, "status 500")])
def test_strangers_must_not_be_let_in(
    check: Callable[..., Finding], outcome: int | FakeSocket, message: str
) -> None:
    other, _ = strangers(outcome)

    with pytest.raises(CheckFailed, match=message):
        check(other)


def test_an_open_stack_still_refuses_other_owners() -> None:
    other, _ = strangers(FakeSocket(), stack=OPEN_STACK)
    with pytest.raises(CheckSkipped, match="demands a signature only with --auth iam"):
        connect.refuses_unsigned(other)

    for check in REFUSALS[1:]:
        other, _ = strangers(FakeSocket(), stack=OPEN_STACK)
        with pytest.raises(CheckFailed, match="let in"):
            check(other)


def test_each_stranger_comes_in_their_own_way() -> None:
    unsigned, first = strangers(403)
    connect.refuses_unsigned(unsigned)
    other, second = strangers(403)
    connect.refuses_an_identity_of_others(other)
    owner, third = strangers(403)
    connect.refuses_a_second_owner(owner)

    assert "X-Amz" not in first.urls[0]
    assert "sessionId=eu-west-1%3A" in second.urls[0] and "X-Amz-Signature" in second.urls[0]
    assert "sessionId=smoke-1&" in third.urls[0] and "X-Amz-Signature" in third.urls[0]


def test_a_second_owner_takes_a_pool_of_identities() -> None:
    with pytest.raises(CheckSkipped, match="give --identity-pool"):
        connect.refuses_a_second_owner(session(opened=FakeSocket()))
