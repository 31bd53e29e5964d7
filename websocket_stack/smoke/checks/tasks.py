"""Socket tasks and WebSocket chat, as their clients use them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from fulfillment.outcome import Outcome
from websocket_stack.aws_errors import error_code
from websocket_stack.smoke.report import CheckFailed, CheckSkipped, Finding
from websocket_stack.smoke.session import SmokeSession

# A model may think for as long before its first word.
FRAME_SECONDS = 60
# A stop is seen within two seconds, and its last frame travels.
STOP_SECONDS = 3.0
FORGET_LOOKS = 20
FORGET_SECONDS = 0.5
REFUSED = (401, 403)

Message = Mapping[str, Any]


class Observed(NamedTuple):
    """A task or a message as its client saw it.

    Attributes:
        text: the text of its frames.
        frames: how many there were, the last one included.
        first: seconds until its first text, or ``None`` if there was none.
        seconds: those until its last frame.
        last: its last frame.
    """

    text: str
    frames: int
    first: float | None
    seconds: float
    last: Message


def connects(session: SmokeSession) -> Finding:
    """Connect as clients do, and sign in where they have to."""
    sign_in = session.stack.sign_in
    if sign_in == "CUSTOM":
        raise CheckSkipped("whom a Lambda authorizer lets in, is not known here")
    if sign_in == "JWT" and not session.token:
        raise CheckSkipped("clients sign in with a token; give --token")
    started = session.clock()
    socket = session.sockets.enter_context(session.browser.connect(signs=sign_in == "AWS_IAM"))
    if sign_in == "JWT":
        _say(socket, {"action": "sign-in", "token": session.token})
        answer = _read(socket)
        if answer.get("action") != "signed-in":
            raise CheckFailed(f"the token is refused: {_error(answer)}")
    session.socket = socket
    seconds = session.clock() - started
    return Finding(f"{seconds:.2f} s", {"connect_seconds": round(seconds, 3)})


def answers_a_ping(session: SmokeSession) -> Finding:
    """Ask for a sign of life."""
    socket = session.require_socket()
    _say(socket, {"action": "ping"})
    answer = _read(socket)
    if answer != {"action": "pong"}:
        raise CheckFailed(f"answered with {sorted(answer)}")
    return Finding("answered")


def streams_a_task(session: SmokeSession) -> Finding:
    """Have a question answered by ``llm-streamer``."""
    observed = _run_task(session, "llm-streamer", session.question)
    if _output(observed) != "Finished":
        raise CheckFailed(_error(observed.last))
    return _measured(observed)


def sends_a_task_whole(session: SmokeSession) -> Finding:
    """Have a question answered by ``llm-responder``."""
    observed = _run_task(session, "llm-responder", session.question)
    if not (output := _output(observed)):
        raise CheckFailed(_error(observed.last))
    if observed.frames > 1:
        raise CheckFailed(f"{observed.frames} frames instead of one")
    return Finding(f"{len(output)} characters after {observed.seconds:.2f} s")


def chats(session: SmokeSession) -> Finding:
    """Have a message answered."""
    socket = session.require_socket()
    message = {"action": "sendMessage", "prompt": session.question, "id": uuid.uuid4().hex}
    observed = _observe(session, socket, {**message, "detail": True})
    if (outcome := observed.last.get("outcome")) != Outcome.COMPLETED:
        raise CheckFailed(f"it is {outcome or 'refused'}: {observed.text[-200:]}")
    return _measured(observed)


def stops_a_task(session: SmokeSession) -> Finding:
    """Stop a task once it has begun to write."""
    socket = session.require_socket()
    task = _task("llm-streamer", session.long_question)
    stop = {"action": "stop", "task": {"id": task["task"]["id"]}}
    observed = _observe(session, socket, task, then=stop)
    outcome = observed.last["response"].get("outcome")
    if outcome == Outcome.COMPLETED:
        raise CheckSkipped("the reply was over before; give a --long-question")
    if outcome != Outcome.CANCELLED:
        raise CheckFailed(_error(observed.last))
    seconds = observed.seconds - (observed.first or 0.0)
    if seconds > STOP_SECONDS:
        raise CheckFailed(f"it took {seconds:.1f} s")
    return Finding(f"ended {seconds:.2f} s later", {"stop_seconds": round(seconds, 3)})


def tells_mistakes(session: SmokeSession) -> Finding:
    """Send what cannot be done; the connection is as good as before."""
    socket = session.require_socket()
    for message, expected in (
        ({"action": "task-submit"}, "InvalidRequest"),
        (_task("smoke-unknown", ""), "UnknownType"),
        ({"action": "resume", "task": {"id": uuid.uuid4().hex}}, "Unknown"),
    ):
        _say(socket, message)
        answer = _read(socket)
        error = answer.get("response", {}).get("errorType")
        if error != expected:
            raise CheckFailed(f"{error} instead of {expected}")
    answers_a_ping(session)
    return Finding("told, and the connection stays open")


def refuses_unsigned(session: SmokeSession) -> Finding:
    """Connect without a signature."""
    if session.stack.sign_in != "AWS_IAM":
        raise CheckSkipped("clients do not sign here")
    try:
        with session.browser.connect(signs=False):
            raise CheckFailed("let in")
    except InvalidStatus as exc:
        status = exc.response.status_code
    if status not in REFUSED:
        raise CheckFailed(f"status {status} instead of 403")
    return Finding(f"refused with status {status}", {"http_status": status})


def forgets_the_connection(session: SmokeSession) -> Finding:
    """Close the connection and wait until its row is gone."""
    socket = session.require_socket()
    if session.stack.sign_in == "NONE":
        raise CheckSkipped("without a sign-in, nothing is kept of a connection")
    # API Gateway's own answer to what no route is for names the connection.
    _say(socket, {"action": "smoke-unknown"})
    try:
        connection_id = str(json.loads(socket.recv(session.quiet_seconds))["connectionId"])
    except (TimeoutError, KeyError):
        raise CheckSkipped("API Gateway does not say the connection's id") from None
    if not _is_known(session, connection_id):
        raise CheckFailed("nobody is on the connection, though it is signed in")
    session.sockets.close()
    session.socket = None
    for _ in range(FORGET_LOOKS):
        if not _is_known(session, connection_id):
            return Finding("its row is gone")
        session.sleep(FORGET_SECONDS)
    raise CheckFailed(f"its row is there {FORGET_LOOKS * FORGET_SECONDS:g} s later")


def _is_known(session: SmokeSession, connection_id: str) -> bool:
    table = session.stack.task_table
    try:
        response = session.dynamodb.get_item(
            TableName=table,
            Key={"id": {"S": f"connection/{connection_id}"}},
            ConsistentRead=True,
        )
    except ClientError as exc:
        raise CheckSkipped(f"you may not read table {table} ({error_code(exc)})") from exc
    return "Item" in response


# --- what clients do


def _task(kind: str, question: str) -> dict[str, Any]:
    task = {"id": uuid.uuid4().hex, "type": kind, "data": {"question": question}, "detail": True}
    return {"action": "task-submit", "task": task}


def _run_task(session: SmokeSession, kind: str, question: str) -> Observed:
    return _observe(session, session.require_socket(), _task(kind, question))


def _observe(
    session: SmokeSession, socket: ClientConnection, message: Message, then: Message | None = None
) -> Observed:
    """Ask, and read until the last frame.

    Args:
        session: the run of the checks.
        socket: the client's connection.
        message: what is asked.
        then: what is said once there is text.
    """
    started = session.clock()
    _say(socket, message)
    text, frames, first = "", 0, None
    while True:
        frame = _read(socket)
        frames += 1
        now = session.clock() - started
        part = _text_of(frame)
        if part is None:
            return Observed(text, frames, first, now, frame)
        text += part
        if part and first is None:
            first = now
            if then:
                _say(socket, then)


def _text_of(frame: Message) -> str | None:
    """Return the text of a frame, or ``None`` if it is the last one."""
    if "task_id" in frame:
        text = frame.get("response")
    else:
        text = None if frame.get("type") == "end" else frame.get("text")
    return text if isinstance(text, str) else None


def _measured(observed: Observed) -> Finding:
    if observed.first is None:
        raise CheckFailed("it has no text")
    return Finding(
        f"first text after {observed.first:.2f} s, all {len(observed.text)} characters after"
        f" {observed.seconds:.2f} s, in {observed.frames} frames",
        {
            "first_text_seconds": round(observed.first, 3),
            "seconds": round(observed.seconds, 3),
            "frames": observed.frames,
            "characters": len(observed.text),
        },
    )


def _output(observed: Observed) -> str:
    if observed.last.get("status") != "Success":
        return ""
    return str(json.loads(observed.last["response"]["body"])["output"])


def _error(frame: Message) -> str:
    response = frame.get("response")
    if not isinstance(response, Mapping):
        return f"a frame with {sorted(frame)}"
    return f"{response.get('errorType')}: {response.get('errorMessage')}"


def _say(socket: ClientConnection, message: Message) -> None:
    socket.send(json.dumps(message))


def _read(socket: ClientConnection) -> dict[str, Any]:
    try:
        frame = json.loads(socket.recv(FRAME_SECONDS))
    except TimeoutError:
        raise CheckFailed(f"silent for {FRAME_SECONDS} s") from None
    except ValueError:
        raise CheckFailed("a frame that is no JSON") from None
    if not isinstance(frame, dict):
        raise CheckFailed("a frame that is no JSON object")
    return frame
