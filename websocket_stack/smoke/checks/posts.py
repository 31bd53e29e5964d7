"""Checks of ``scripts/smoke`` that post to the own connection, as the Lambda does."""

from __future__ import annotations

from websockets.sync.client import ClientConnection

from websocket_stack.smoke.report import CheckFailed, CheckSkipped, Found, milliseconds, percentile
from websocket_stack.smoke.session import Visit

ARRIVES_SECONDS = 5.0
GONE_TRIES = 5
GONE_WAIT_SECONDS = 0.2


def posts_in_time(visit: Visit) -> Found:
    """Measure posts, each of which has to arrive."""
    socket = visit.open_socket()
    seconds = []
    for number in range(visit.posts):
        text = f"post {number + 1} of {visit.posts}"
        answer = visit.post(text.encode())
        if answer.status != 200:
            raise CheckFailed(f"{text}: status {answer.status}")
        if _arrived(socket) != text:
            raise CheckFailed(f"{text}: taken, but not what arrives within {ARRIVES_SECONDS:g} s")
        seconds.append(answer.seconds)
    if not seconds:
        raise CheckSkipped("--posts 0")
    p50, p95, p99 = (milliseconds(percentile(seconds, share)) for share in (0.5, 0.95, 0.99))
    return Found(
        f"{len(seconds)} posts from here: p50 {p50:g} ms, p95 {p95:g} ms, p99 {p99:g} ms"
        " (AWS CloudShell in the stack's region is as near as the Lambda)",
        {"posts": len(seconds), "p50_ms": p50, "p95_ms": p95, "p99_ms": p99},
    )


def _arrived(socket: ClientConnection) -> str | None:
    try:
        return str(socket.recv(timeout=ARRIVES_SECONDS))
    except TimeoutError:
        return None


def takes_an_empty_post(visit: Visit) -> Found:
    """See what becomes of a post without data."""
    socket = visit.open_socket()
    status = visit.post(b"").status
    arrived = None
    if status == 200:
        try:
            arrived = len(socket.recv(timeout=visit.quiet_seconds))
        except TimeoutError:
            pass
    frame = "no frame" if arrived is None else f"a frame of {arrived} characters"
    return Found(
        f"a post without data gets status {status}, and {frame} arrives",
        {"http_status": status, "arrives": arrived is not None},
    )


def says_gone_after_closing(visit: Visit) -> Found:
    """Close the socket and see how the API says that nobody is there."""
    visit.own_connection()
    visit.open_socket().close()
    started = visit.clock()
    answer = visit.post(b"gone?")
    for _ in range(GONE_TRIES - 1):
        if answer.status != 200:
            break
        visit.sleep(GONE_WAIT_SECONDS)
        answer = visit.post(b"gone?")
    after = visit.clock() - started
    if answer.status != 410:
        raise CheckFailed(f"status {answer.status} instead of 410, {after:.2f} s after closing")
    error_type = answer.headers.get("x-amzn-errortype")
    return Found(
        f"410 within {after * 1000:.0f} ms of closing; x-amzn-ErrorType: {error_type or 'none'};"
        f" body: {answer.body or 'empty'}",
        {
            "http_status": 410,
            "after_ms": milliseconds(after),
            "error_type": error_type,
            "body": answer.body,
            "header_names": ", ".join(sorted(answer.headers)),
        },
    )
