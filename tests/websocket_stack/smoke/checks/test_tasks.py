"""What is wrong with an API of socket tasks, and how that is said."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.websocket_stack.smoke.smoke_fakes import (
    STACK,
    FakeConnect,
    FakeSocket,
    FakeTable,
    session,
)
from websocket_stack.smoke.checks import tasks
from websocket_stack.smoke.report import CheckFailed, CheckSkipped

SIGNED = replace(STACK, sign_in="AWS_IAM", task_table="tasks")
WITH_TOKENS = replace(STACK, sign_in="JWT", task_table="tasks")
FINISHED = {"statusCode": 200, "body": '{"output":"Finished"}'}
FAILED = {"errorType": "Failed", "errorMessage": "Something went wrong.", "trace": []}
FORBIDDEN = {"message": "Forbidden", "connectionId": "c1", "requestId": "r1"}
PONG = {"action": "pong"}


def socket_of(*frames: Any) -> FakeSocket:
    return FakeSocket(*(json.dumps(frame) for frame in frames))


def success(response: Any) -> dict[str, Any]:
    return {"task_id": "1", "status": "Success", "response": response}


def failure(**fields: Any) -> dict[str, Any]:
    return {"task_id": "1", "status": "Fail", "response": FAILED | fields}


def delta(text: str) -> dict[str, Any]:
    return {"statusCode": 200, "type": "delta", "text": text}


def end(**fields: Any) -> dict[str, Any]:
    return {"statusCode": 200, "type": "end", "text": "", **fields}


@pytest.mark.parametrize(
    ("check", "frames", "problem"),
    [
        (tasks.answers_a_ping, [{"message": "Internal server error"}], "answered with"),
        (tasks.answers_a_ping, [], "silent"),
        (tasks.streams_a_task, [success("Hi"), failure()], "Failed: Something went wrong"),
        (tasks.streams_a_task, [success(FINISHED)], "no text"),
        (tasks.streams_a_task, [success("Hi")], "silent"),
        (tasks.sends_a_task_whole, [failure()], "Failed"),
        (tasks.sends_a_task_whole, [success("Hi"), success(FINISHED)], "2 frames"),
        (tasks.chats, [delta("No."), end()], "it is refused: No."),
        (tasks.chats, [delta("No."), end(outcome="failed")], "it is failed"),
        (tasks.stops_a_task, [success("Hi"), failure()], "Failed"),
        (tasks.tells_mistakes, [failure()], "Failed instead of InvalidRequest"),
        (tasks.tells_mistakes, [FORBIDDEN], "None instead of InvalidRequest"),
    ],
)
def test_what_is_wrong_is_said(check: Any, frames: Any, problem: Any) -> None:
    with pytest.raises(CheckFailed, match=problem):
        check(session(opened=socket_of(*frames), stack=SIGNED))


def test_a_frame_that_is_no_json_is_a_failure() -> None:
    with pytest.raises(CheckFailed, match="no JSON"):
        tasks.chats(session(opened=FakeSocket("Hello"), stack=SIGNED))


def test_a_reply_that_was_over_says_nothing_about_a_stop() -> None:
    over = success(FINISHED | {"outcome": "completed"})
    with pytest.raises(CheckSkipped, match="over before"):
        tasks.stops_a_task(session(opened=socket_of(success("Hi"), over), stack=SIGNED))


def test_a_stop_that_takes_long_is_a_failure() -> None:
    stopped = success(FINISHED | {"outcome": "cancelled"})
    run = session(opened=socket_of(success("Hi"), stopped), stack=SIGNED)
    own, seconds = run.clock, iter([0.0, 1.0, 1.0 + tasks.STOP_SECONDS + 1])
    run.clock = lambda: own() + next(seconds)
    with pytest.raises(CheckFailed, match="it took 4.0 s"):
        tasks.stops_a_task(run)


# --- sign-in


def test_a_token_is_the_first_message() -> None:
    socket = socket_of({"action": "signed-in"})
    run = session(connect=FakeConnect(socket), stack=WITH_TOKENS)
    run.token = "a token"
    tasks.connects(run)
    assert [json.loads(each) for each in socket.sent] == [{"action": "sign-in", "token": "a token"}]


def test_a_token_that_is_refused_is_a_failure() -> None:
    run = session(connect=FakeConnect(socket_of(failure(errorType="InvalidToken"))))
    run.stack, run.token = WITH_TOKENS, "a token"
    with pytest.raises(CheckFailed, match="InvalidToken") as failed:
        tasks.connects(run)
    assert "a token" not in str(failed.value)


@pytest.mark.parametrize("sign_in", ["JWT", "CUSTOM"])
def test_who_cannot_sign_in_is_not_connected(sign_in: Any) -> None:
    with pytest.raises(CheckSkipped):
        tasks.connects(session(stack=replace(STACK, sign_in=sign_in)))


@pytest.mark.parametrize(("outcome", "problem"), [(FakeSocket(), "let in"), (500, "status 500")])
def test_strangers_are_to_be_refused(outcome: Any, problem: Any) -> None:
    with pytest.raises(CheckFailed, match=problem):
        tasks.refuses_unsigned(session(connect=FakeConnect(outcome), stack=SIGNED))
    assert tasks.refuses_unsigned(session(connect=FakeConnect(403), stack=SIGNED)).numbers


# --- the connection's row


def forgotten(table: FakeTable, *frames: Any) -> None:
    tasks.forgets_the_connection(session(opened=socket_of(*frames), table=table, stack=SIGNED))


def test_a_row_that_stays_is_a_failure() -> None:
    with pytest.raises(CheckFailed, match="10 s later"):
        forgotten(FakeTable({"ownerId": {"S": "me"}}), FORBIDDEN)


def test_a_row_that_never_was_is_a_failure() -> None:
    with pytest.raises(CheckFailed, match="nobody is on the connection"):
        forgotten(FakeTable(None), FORBIDDEN)


def test_without_the_connections_id_nothing_is_known_of_its_row() -> None:
    with pytest.raises(CheckSkipped, match="id"):
        forgotten(FakeTable(None))
