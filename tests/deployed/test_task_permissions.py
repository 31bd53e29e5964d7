"""Every statement of the roles of socket tasks is needed: without it, something fails.

What is looked at is what a client sees, the log groups, and what is remembered.
"""

from __future__ import annotations

import json
import shutil
import sysconfig
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from tests.deployed.parameter_values import settings
from tests.issuer import AUDIENCE, ISSUER, token
from tests.task_clients import PATIENT_SECONDS, read, read_message, read_tasks, say, submit
from websocket_stack.tasks.submit import SIGN_IN_SECONDS

pytestmark = pytest.mark.deployed
FIRST, SECOND = "anthropic.first", "anthropic.second"
EVERYTHING = {
    "SignIn": "JWT",
    "JwtIssuer": ISSUER,
    "JwtAudience": AUDIENCE,
    "RelayFrames": "true",
    "ModelId": f"global.{FIRST}",
    "FoundationModelId": FIRST,
    "FallbackModelIds": SECOND,
    "FallbackModelArns": f"arn:aws:bedrock:us-east-1::foundation-model/{SECOND}",
    "GuardrailId": "abc123",
    "Handler": "dying_tasks.lambda_handler",
    # A task whose models may not be asked goes on until then.
    "TaskSeconds": "20",
}
STATEMENTS = {
    "SubmitRole": ["WriteItsLog", "UseTheTable", "PostFrames", "CallTheWorker", "ExpectSignIn"],
    "WorkerRole": [
        "WriteItsLog",
        "AskTheModel",
        "AskTheFallbackModels",
        "ApplyTheGuardrail",
        "UseTheTable",
        "PostFrames",
        "SendFrames",
        "TellOfFailures",
        "RememberConversations",
    ],
    "FailuresRole": ["WriteItsLog", "UseTheTable", "PostFrames"],
    "SignInDeadlineRole": ["WriteItsLog", "UseTheTable", "CloseConnections", "ReadTheQueue"],
    "RelayRole": ["WriteItsLog", "UseTheTable", "PostFrames", "ReadTheQueue"],
}
TASKS = """\
from websocket_stack.tasks import Tasks

tasks = Tasks()


@tasks.task("dies")
def dies(task):
    import os
    os._exit(1)


lambda_handler = tasks.lambda_handler
"""
# PyJWT, with what it needs.
JWT_PACKAGES = ("jwt", "cryptography", "cffi", "_cffi_backend*")
QUESTION = "Who are you?"
# With one of the models unavailable, which the emulator reads in the question, the other replies.
QUESTIONS = (f"{QUESTION} busy {SECOND}", f"{QUESTION} busy global.{FIRST}")
# Many times what a frame takes. That all works is seen with more patience.
SILENCE_SECONDS = 4
# Events of each function with nothing to do in them.
NOTHING = {
    "Submit": {"requestContext": {"eventType": "DISCONNECT", "connectionId": "nobody"}},
    "Worker": {"run": "none", "type": "none", "data": {}},
    "Failures": {"requestPayload": {"run": "none"}},
    "SignInDeadline": {"Records": []},
    "Relay": {"Records": []},
}


@pytest.fixture(scope="module")
def stack(aws: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("tasks")
    (folder / "dying_tasks.py").write_text(TASKS)
    packages = Path(sysconfig.get_path("platlib"))
    for path in (path for name in JWT_PACKAGES for path in packages.glob(name)):
        if path.is_dir():
            shutil.copytree(path, folder / path.name)
        else:
            shutil.copy(path, folder)
    code = ("--template", "socket-tasks", "--code", str(folder))
    yield aws.deployed("task-rights", *code, *settings(EVERYTHING))
    aws.deploy("task-rights", "--delete")


@contextmanager
def connected(aws: Any, stack: Any) -> Iterator[ClientConnection]:
    endpoint = stack.outputs["WebSocketEndpoint"]
    with aws.open_socket(endpoint) as socket:
        yield socket


def unserved(aws: Any, stack: Any, seconds: float) -> list[str]:
    """Sign in and ask; return what is not as it should be.

    Args:
        aws: the account.
        stack: the stack.
        seconds: how long to wait for a frame.
    """
    memory = aws.resources(stack.name)["ConversationTable"]
    remembered = len(aws.rows(memory))
    with connected(aws, stack) as socket:
        say(socket, action="sign-in", token=token())
        if (answer := read(socket, seconds)) != {"action": "signed-in"}:
            return [f"not signed in: {answer}"]
        for question in QUESTIONS:
            # What was asked before by its id would be had from the table.
            task_id = uuid.uuid4().hex
            submit(socket, task_id, "llm-streamer", question=question)
            reply = read_tasks(socket, task_id, seconds=seconds)[task_id]
            if "demo model" not in reply.text or reply.error:
                return [f"no reply: {reply}"]
        for kind, error in (("no-such-type", "UnknownType"), ("dies", "Failed")):
            task_id = uuid.uuid4().hex
            submit(socket, task_id, kind)
            if read_tasks(socket, task_id, seconds=seconds)[task_id].error != error:
                return [f"{kind} is not told"]
        say(socket, action="sendMessage", prompt=QUESTION, conversation="first")
        read_message(socket, seconds=seconds)
    aws.wait_until(lambda: len(aws.rows(memory)) > remembered, seconds)
    return []


def left_open(aws: Any, stack: Any, seconds: float) -> list[str]:
    """Connect and do not sign in; return what is not as it should be."""
    with connected(aws, stack) as socket:
        try:
            socket.recv(SIGN_IN_SECONDS + seconds)
        except ConnectionClosed:
            return []
        return ["a frame"]


def unlogged(aws: Any, stack: Any, _: float) -> list[str]:
    """Call each function; return those that do not write their log."""
    found = []
    for name, event in NOTHING.items():
        before = aws.log_lines(stack.name, f"{name}Log")
        function = aws.resources(stack.name)[name]
        aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        if aws.log_lines(stack.name, f"{name}Log") == before:
            found.append(name)
    return found


def check_of(role: str, sid: str) -> Callable[..., list[str]]:
    """Return what finds out that a statement is missing."""
    if sid == "WriteItsLog":
        return unlogged
    return left_open if role == "SignInDeadlineRole" else unserved


@pytest.mark.parametrize("check", [unserved, left_open, unlogged])
def test_with_all_statements_all_works(aws: Any, stack: Any, check: Any) -> None:
    assert check(aws, stack, PATIENT_SECONDS) == []


def test_all_statements_are_listed(aws: Any, stack: Any) -> None:
    roles = aws.resources(stack.name)
    assert {role: aws.statements(roles[role]) for role in STATEMENTS} == STATEMENTS


@pytest.mark.parametrize(
    ("role", "sid"), [(role, sid) for role, sids in STATEMENTS.items() for sid in sids]
)
def test_no_statement_can_go(aws: Any, stack: Any, role: Any, sid: Any) -> None:
    with aws.without(aws.resources(stack.name)[role], sid):
        try:
            found = check_of(role, sid)(aws, stack, SILENCE_SECONDS)
        # A refused connection, or silence.
        except (InvalidStatus, TimeoutError, AssertionError) as exc:
            found = [type(exc).__name__]
        assert found != []
