"""What the routes answer by themselves, and what they hand over to a worker."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.websocket_stack.tasks.tasks_api import Api, ends_of, message, submit, text_of
from websocket_stack.tasks.sign_in import Identity, InvalidToken

pytestmark = pytest.mark.slow

OWNERS = ["us-east-1:me", "us-east-1:you"]


def principal(owner: Any) -> Any:
    return {"identity": {"cognitoIdentityId": owner}}


def kinds(frames: Any) -> Any:
    return [frame["response"]["errorType"] for frame in frames]


@pytest.mark.parametrize(
    "said", ["", "hello", "[]", "{}", '{"action":"task-submit"}', "{" * 5_000, "\ud83d"]
)
def test_what_is_malformed_is_answered(make_api: Callable[..., Api], said: str) -> None:
    api = make_api()
    api.say(said)
    assert kinds(api.frames()) == ["InvalidRequest"]


def test_a_message_without_a_prompt_is_ended(make_api: Callable[..., Api]) -> None:
    api = make_api()
    api.say({"action": "sendMessage"})
    assert [frame["type"] for frame in api.frames()] == ["delta", "end"]


def test_a_ping_is_answered(make_api: Callable[..., Api]) -> None:
    api = make_api()
    api.say({"action": "ping"})
    assert api.frames() == [{"action": "pong"}]


# --- asked twice


def test_what_is_asked_again_is_not_run_again(make_api: Callable[..., Api]) -> None:
    api = make_api()
    for _ in range(5):
        api.say(submit())
    assert len(api.events) == 1
    api.work()
    api.say(submit())
    assert api.events == []
    assert text_of(api.frames()) == "Hello." * 2
    assert len(ends_of(api.frames())) == 2


def test_an_id_may_be_used_again_for_something_else(make_api: Callable[..., Api]) -> None:
    api = make_api()
    api.say(submit())
    api.say(submit(question="And then?"))
    assert kinds(api.frames()) == ["IdInUse"]
    api.work()
    api.say(submit(question="And then?"))
    assert len(api.events) == 1


def test_messages_without_an_id_are_one_at_a_time(make_api: Callable[..., Api]) -> None:
    """The second is told so in a frame that its client passes over: no end but the first's."""
    api = make_api()
    api.say(message())
    api.say(message())
    assert [(frame["type"], frame["statusCode"]) for frame in api.frames()] == [("blank", 409)]
    api.work()
    api.say(message())
    api.work()
    assert [frame["type"] for frame in api.frames()].count("end") == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [(message(), message()), (submit(question="First?"), submit(question="Second?"))],
)
def test_who_has_read_an_end_may_ask_again_at_once(
    make_api: Callable[..., Api], first: dict[str, Any], second: dict[str, Any]
) -> None:
    """Even if the worker has yet to write down that the one before is over."""
    api = make_api()
    api.on_sleep = api.work
    api.say(first)
    api.say(second)
    api.work()
    assert len(api.model.prompts) == 2


def test_messages_with_ids_run_at_once(make_api: Callable[..., Api]) -> None:
    api = make_api()
    api.say(message(id=1))
    api.say(message(id=2))
    api.work()
    assert sorted(frame["id"] for frame in api.frames() if frame["type"] == "end") == [1, 2]


# --- limits


def test_too_many_tasks_at_once_are_refused(make_api: Callable[..., Api]) -> None:
    api = make_api(tasks_at_once=2)
    for task_id in "abc":
        api.say(submit(task_id))
    assert kinds(api.frames()) == ["TooManyRequests"]
    api.work()
    api.say(submit("c"))
    assert len(api.events) == 1


def test_tasks_that_are_lost_are_not_counted_for_ever(make_api: Callable[..., Api]) -> None:
    now = [1_800_000_000.0]
    api = make_api(tasks_at_once=1, now=lambda: now[0])
    api.say(submit("lost"))
    now[0] += 61
    api.say(submit("next"))
    assert [event["run"] for event in api.events][1:] != []
    assert api.frames() == []


def test_too_many_tasks_a_minute_are_refused(make_api: Callable[..., Api]) -> None:
    now = [1_800_000_000.0]
    api = make_api(tasks_a_minute=2, now=lambda: now[0])
    for task_id in "abc":
        api.say(submit(task_id))
        api.work()
    assert kinds(ends_of(api.frames(), "c")) == ["TooManyRequests"]
    now[0] += 60
    api.say(submit("c"))
    assert len(api.events) == 1


def test_a_message_that_is_too_long_is_refused(make_api: Callable[..., Api]) -> None:
    api = make_api(message_bytes=1_024)
    api.say(submit(question="x" * 2_000))
    assert kinds(api.frames()) == ["TooLarge"]


def test_a_worker_that_cannot_be_called_is_told_at_once(make_api: Callable[..., Api]) -> None:
    api = make_api()
    error = ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke")

    def invoke(event: Any) -> None:
        raise error

    api.submit._invoke = invoke
    api.say(submit())
    assert kinds(api.frames()) == ["Unavailable"]
    api.submit._invoke = api.events.append
    api.say(submit())
    assert len(api.events) == 1


# --- owners


@pytest.mark.parametrize(("door", "said"), [("task", submit("1")), ("message", message(id="1"))])
@pytest.mark.parametrize(
    "command",
    [
        {"action": "stop"},
        {"action": "stop", "named": True},
        {"action": "resume", "named": True},
        {"action": "resume", "named": True, "received": 0},
        {"again": True},
    ],
)
@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("sign_in", ["iam", "none", "authorizer"])
def test_no_owner_reaches_another_owners_work(
    make_api: Callable[..., Api],
    sign_in: str,
    is_over: bool,
    command: dict[str, Any],
    door: str,
    said: dict[str, Any],
) -> None:
    api = make_api(sign_in=sign_in)
    for connection_id, owner in zip(["mine", "yours"], OWNERS, strict=True):
        assert (
            api.connect(connection_id, **principal(owner), authorizer={"principalId": owner}) == 200
        )
    api.say(said, "mine")
    if is_over:
        api.work()
    before = list(api.frames("mine"))
    if "again" in command:
        api.say(said, "yours")
    else:
        named = {door: {"id": "1"}} if command.get("named") else {}
        api.say({"action": command["action"], **named}, "yours")
    api.work()
    heard = str(api.frames("yours"))
    own_reply = "again" in command
    assert ("Hello." in heard) is own_reply
    assert api.frames("mine")[: len(before)] == before
    assert len(api.reports) == 1 + own_reply
    assert all(report.outcome == "completed" for report in api.reports)


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"identity": {}},
        {"identity": {"userArn": "arn:aws:sts::1:assumed-role/r/CognitoIdentityCredentials"}},
        {"identity": None},
    ],
)
def test_nobody_connects_without_an_identity(
    make_api: Callable[..., Api], context: dict[str, Any]
) -> None:
    assert make_api(sign_in="iam").connect(**context) == 401
    assert make_api(sign_in="authorizer").connect(**context) == 401


# --- signing in with a token


class Tokens:
    """Verifies tokens that say who they are about, and until when."""

    def verify(self, token: Any) -> Any:
        owner, _, until = token.partition("@")
        if not until:
            raise InvalidToken("DecodeError")
        return Identity(owner, float(until))


@pytest.fixture
def signed(make_api: Callable[..., Api]) -> Any:
    now = [1_000.0]
    api = make_api(sign_in="jwt", verifier=Tokens(), now=lambda: now[0])
    api.now = now  # type: ignore[attr-defined]
    assert api.connect() == 200
    return api


def sign_in(token: Any) -> Any:
    return {"action": "sign-in", "token": token}


def test_a_client_signs_in_with_its_first_message(signed: Any) -> None:
    assert signed.unsigned == ["c1"]
    signed.say(submit())
    assert kinds(signed.frames()) == ["NotSignedIn"]
    signed.say(sign_in("me@2000"))
    signed.say(submit())
    assert signed.frames()[-1] == {"action": "signed-in"}
    assert len(signed.events) == 1


def test_a_sign_in_expires_and_is_renewed(signed: Any) -> None:
    """What runs goes on."""
    signed.say(sign_in("me@2000"))
    signed.say(submit())
    signed.now[0] = 2_001.0
    signed.say(submit("2"))
    assert kinds(signed.frames()[1:]) == ["SignInExpired"]
    signed.say(sign_in("me@3000"))
    signed.say(submit("2"))
    assert len(signed.events) == 2


def test_a_connection_does_not_change_hands(signed: Any) -> None:
    signed.say(sign_in("me@2000"))
    signed.say(sign_in("you@2000"))
    signed.say(sign_in("nonsense"))
    assert kinds(signed.frames()[1:]) == ["InvalidToken", "InvalidToken"]


def test_an_api_without_tokens_says_so(make_api: Callable[..., Api]) -> None:
    api = make_api()
    api.say(sign_in("me@2000"))
    assert kinds(api.frames()) == ["NoSignIn"]


# --- conversations


def test_a_conversation_without_an_owner_has_a_long_name(make_api: Callable[..., Api]) -> None:
    api = make_api()
    api.say(message(conversation="short"))
    assert [frame["type"] for frame in api.frames()] == ["delta", "end"]
    api.say(message(conversation="x" * 32))
    assert len(api.events) == 1


def test_nothing_that_is_said_is_logged(
    make_api: Callable[..., Api], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.NOTSET)
    secret = "xylophone"
    api = make_api(sign_in="jwt", verifier=Tokens())
    api.connect()
    said = [sign_in(secret), sign_in("me@99999999999"), submit(question=secret), message(secret)]
    for each in itertools.chain(said, [submit(secret, secret), {"action": secret}, secret]):
        api.say(each)
    api.work()
    lines = [
        record.getMessage() for record in caplog.records if record.name[:4] not in ("boto", "moto")
    ]
    assert secret not in str(lines)
