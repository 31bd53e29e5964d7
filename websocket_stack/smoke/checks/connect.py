"""Checks of ``scripts/smoke`` that connect: as whom one may, and as whom not."""

from __future__ import annotations

import uuid

from websockets.exceptions import InvalidStatus

from websocket_stack.smoke.report import CheckFailed, CheckSkipped, Found, milliseconds
from websocket_stack.smoke.session import Visit

REFUSED = (401, 403)


def connects(visit: Visit) -> Found:
    """Open the socket as Lex Web UI does, signed."""
    started = visit.clock()
    try:
        visit.socket = visit.sockets.enter_context(visit.browser.connect())
    except InvalidStatus as exc:
        raise CheckFailed(f"refused with status {exc.response.status_code}") from exc
    took = milliseconds(visit.clock() - started)
    return Found(f"connected in {took:.0f} ms", {"ms": took})


def is_silent_after_ping(visit: Visit) -> Found:
    """Send what keeps the connection open; an answer would be shown as text."""
    socket = visit.open_socket()
    socket.send('{"action":"ping"}')
    try:
        answer = socket.recv(timeout=visit.quiet_seconds)
    except TimeoutError:
        return Found(f"no answer within {visit.quiet_seconds:g} s, as it should be")
    raise CheckFailed(f"answered with {len(answer)} characters, which Lex Web UI shows")


def refuses_unsigned(visit: Visit) -> Found:
    """Connect without a signature."""
    status = _status_of(visit, f"smoke-unsigned-{uuid.uuid4().hex}", signs=False)
    if status in REFUSED:
        return Found(f"refused with status {status}", {"http_status": status})
    if status is None and visit.target.takes_unsigned:
        raise CheckSkipped("let in: the local stack demands a signature only with --auth iam")
    raise CheckFailed(
        "let in, which is right only where ConnectAuthorization is NONE"
        if status is None
        else f"status {status} instead of 403"
    )


def refuses_an_identity_of_others(visit: Visit) -> Found:
    """Connect for a session that has the form of another Cognito identity, of nobody's."""
    status = _status_of(visit, f"{visit.target.region}:{uuid.uuid4()}")
    if status in REFUSED:
        return Found(f"refused with status {status}", {"http_status": status})
    raise CheckFailed("let in" if status is None else f"status {status} instead of 403")


def refuses_a_second_owner(visit: Visit) -> Found:
    """Connect for the own session as somebody else."""
    visit.open_socket()
    if visit.new_guest is None:
        raise CheckSkipped("needs two owners; give --identity-pool")
    status = _status_of(visit, visit.browser.session_id, as_another=True)
    if status in REFUSED:
        return Found(f"refused with status {status}", {"http_status": status})
    raise CheckFailed("let in" if status is None else f"status {status} instead of 403")


def _status_of(
    visit: Visit, session_id: str, *, signs: bool = True, as_another: bool = False
) -> int | None:
    """Connect and return the status of a refusal; ``None`` if it is let in."""
    browser = visit.browser
    if as_another and visit.new_guest is not None:
        browser = browser.of(visit.new_guest())
    try:
        with browser.connect(session_id, signs=signs):
            return None
    except InvalidStatus as exc:
        return exc.response.status_code
