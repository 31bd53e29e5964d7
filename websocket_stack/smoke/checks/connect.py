"""Connection checks: who is admitted, and who is refused."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from websockets.exceptions import InvalidStatus

from websocket_stack.smoke.browser import Browser
from websocket_stack.smoke.report import CheckFailed, CheckSkipped, Finding, milliseconds
from websocket_stack.smoke.session import SmokeSession

REFUSED = (401, 403)


def connects(session: SmokeSession) -> Finding:
    """Open a signed socket, as Lex Web UI does."""
    if not session.stack.websocket:
        raise CheckSkipped("there is no WebSocket API: nothing is streamed")
    started = session.clock()
    try:
        session.socket = session.sockets.enter_context(session.browser.connect())
    except InvalidStatus as exc:
        raise CheckFailed(f"refused with status {exc.response.status_code}") from exc
    took = milliseconds(session.clock() - started)
    return Finding(f"connected in {took:.0f} ms", {"ms": took})


def is_silent_after_ping(session: SmokeSession) -> Finding:
    """Send Lex Web UI's keep-alive message, whose response would be shown as text."""
    return _silence(session, ['{"action":"ping"}'])


def is_silent_after_others(session: SmokeSession) -> Finding:
    """Send what no route is for: plain text, and an action that does not exist."""
    return _silence(session, ["hello", '{"action":"unknown"}'])


def _silence(session: SmokeSession, messages: Sequence[str]) -> Finding:
    socket = session.require_socket()
    for message in messages:
        socket.send(message)
    try:
        response = socket.recv(timeout=session.quiet_seconds)
    except TimeoutError:
        return Finding(f"no answer within {session.quiet_seconds:g} s, as it should be")
    raise CheckFailed(f"answered with {len(response)} characters, which Lex Web UI shows")


def refuses_unsigned(session: SmokeSession) -> Finding:
    """Connect without a signature."""
    session.require_socket()
    session_id = f"smoke-unsigned-{uuid.uuid4().hex}"
    status = _refusal_status(session.browser, session_id, signs=False)
    if status is None and session.stack.takes_unsigned:
        raise CheckSkipped("let in: the local stack demands a signature only with --auth iam")
    return _refusal(status, "let in, which is right only where ConnectAuthorization is NONE")


def refuses_an_identity_of_others(session: SmokeSession) -> Finding:
    """Connect for a session whose id looks like another caller's Cognito identity."""
    session.require_socket()
    return _refusal(_refusal_status(session.browser, f"{session.stack.region}:{uuid.uuid4()}"))


def refuses_a_second_owner(session: SmokeSession) -> Finding:
    """Connect for the browser's own session as another guest."""
    session.require_socket()
    if session.new_guest is None:
        raise CheckSkipped("needs two owners; give --identity-pool")
    other_browser = session.browser.with_identity(session.new_guest())
    return _refusal(_refusal_status(other_browser, session.browser.session_id))


def _refusal_status(browser: Browser, session_id: str, *, signs: bool = True) -> int | None:
    """Connect and return the status of the refusal, or ``None`` if there was none."""
    try:
        with browser.connect(session_id, signs=signs):
            return None
    except InvalidStatus as exc:
        return exc.response.status_code


def _refusal(status: int | None, let_in: str = "let in") -> Finding:
    if status in REFUSED:
        return Finding(f"refused with status {status}", {"http_status": status})
    raise CheckFailed(let_in if status is None else f"status {status} instead of 403")
