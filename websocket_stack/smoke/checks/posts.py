"""Checks that post to the browser's own connection, as the Lambda does."""

from __future__ import annotations

from websockets.sync.client import ClientConnection

from websocket_stack.smoke.report import (
    CheckFailed,
    CheckSkipped,
    Finding,
    milliseconds,
    percentile,
)
from websocket_stack.smoke.session import SmokeSession

ARRIVES_SECONDS = 5.0
# While they are posted, the stage lets in ThrottlingRate more each second.
BURST_SHARE = 2
MAX_BURST = 1000
GONE_TRIES = 5
GONE_WAIT_SECONDS = 0.2


def posts_in_time(session: SmokeSession) -> Finding:
    """Time posts, each of which has to arrive."""
    socket = session.require_socket()
    seconds = []
    for number in range(session.posts):
        text = f"post {number + 1} of {session.posts}"
        response = session.post(text.encode())
        if response.status != 200:
            raise CheckFailed(f"{text}: status {response.status}")
        if _receive(socket) != text:
            raise CheckFailed(f"{text}: taken, but not what arrives within {ARRIVES_SECONDS:g} s")
        seconds.append(response.seconds)
    if not seconds:
        raise CheckSkipped("--posts 0")
    p50, p95, p99 = (milliseconds(percentile(seconds, share)) for share in (0.5, 0.95, 0.99))
    return Finding(
        f"{len(seconds)} posts from here: p50 {p50:g} ms, p95 {p95:g} ms, p99 {p99:g} ms"
        " (AWS CloudShell in the stack's region is as near as the Lambda)",
        {"posts": len(seconds), "p50_ms": p50, "p95_ms": p95, "p99_ms": p99},
    )


def _receive(socket: ClientConnection) -> str | None:
    try:
        return str(socket.recv(timeout=ARRIVES_SECONDS))
    except TimeoutError:
        return None


def takes_a_burst(session: SmokeSession) -> Finding:
    """Post more at once than the stage takes from clients, whose throttle may count posts too."""
    socket = session.require_socket()
    limit = session.stack.throttling_burst
    count = session.burst
    if count is None:
        if limit is None:
            raise CheckSkipped("the stage's ThrottlingBurst is not known; give --burst")
        count = min(limit * BURST_SHARE, MAX_BURST)
    if not 0 < count <= MAX_BURST:
        raise CheckSkipped(f"--burst takes 1 to {MAX_BURST}")
    statuses = session.post_many(b"burst", count)
    for _ in range(statuses[200]):
        if _receive(socket) is None:
            raise CheckFailed(f"{statuses[200]} of {count} posts were taken, fewer arrived")
    if statuses[200] < count:
        refused = ", ".join(f"{each} {times} times" for each, times in sorted(statuses.items()))
        raise CheckFailed(
            f"of {count} posts at once not all are taken (status {refused}): replies to several"
            " readers slow down; raise ThrottlingRate and ThrottlingBurst"
        )
    beyond = f", more than the stage's ThrottlingBurst of {limit}" if limit else ""
    return Finding(f"{count} posts at once{beyond}: all arrived", {"posts": count})


def takes_an_empty_post(session: SmokeSession) -> Finding:
    """Find out what happens to a post without data."""
    socket = session.require_socket()
    status = session.post(b"").status
    arrived = None
    if status == 200:
        try:
            arrived = len(socket.recv(timeout=session.quiet_seconds))
        except TimeoutError:
            pass
    frame = "no frame" if arrived is None else f"a frame of {arrived} characters"
    return Finding(
        f"a post without data gets status {status}, and {frame} arrives",
        {"http_status": status, "arrives": arrived is not None},
    )


def says_gone_after_closing(session: SmokeSession) -> Finding:
    """Close the socket, and find out how the API reports that the connection is gone."""
    session.require_connection_id()
    session.require_socket().close()
    started = session.clock()
    response = session.post(b"gone?")
    for _ in range(GONE_TRIES - 1):
        if response.status != 200:
            break
        session.sleep(GONE_WAIT_SECONDS)
        response = session.post(b"gone?")
    after = session.clock() - started
    if response.status != 410:
        raise CheckFailed(f"status {response.status} instead of 410, {after:.2f} s after closing")
    error_type = response.headers.get("x-amzn-errortype")
    return Finding(
        f"410 within {after * 1000:.0f} ms of closing; x-amzn-ErrorType: {error_type or 'none'};"
        f" body: {response.body or 'empty'}",
        {
            "http_status": 410,
            "after_ms": milliseconds(after),
            "error_type": error_type,
            "body": response.body,
            "header_names": ", ".join(sorted(response.headers)),
        },
    )


def forgets_the_connection(session: SmokeSession) -> Finding:
    """Look whether the row of the closed connection is still there; its owner may be."""
    if session.connection_id is None:
        raise CheckSkipped("the connection was not found")
    for _ in range(GONE_TRIES):
        if session.row().get("connectionId", {}).get("S") != session.connection_id:
            return Finding("the connection is gone from the session's row")
        session.sleep(GONE_WAIT_SECONDS)
    raise CheckFailed("the session's row still has the connection that was closed")
