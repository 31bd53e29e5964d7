"""Every statement of a role is needed: without it, something that a user sees fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.deployed.parameter_values import settings

pytestmark = pytest.mark.deployed
FIRST, SECOND = "anthropic.first", "anthropic.second"
EVERYTHING = {
    "CreateBot": "true",
    "FlushIntervalSeconds": "0",
    "ModelId": f"global.{FIRST}",
    "FoundationModelId": FIRST,
    "FallbackModelIds": SECOND,
    "FallbackModelArns": f"arn:aws:bedrock:us-east-1::foundation-model/{SECOND}",
    "GuardrailId": "abc123",
}
STATEMENTS = {
    "RegistrationRole": ["WriteItsLog", "KeepTheSessionTable"],
    "FulfillmentRole": [
        "WriteItsLog",
        "AskTheModel",
        "AskTheFallbackModels",
        "ApplyTheGuardrail",
        "FindTheConnection",
        "PostFrames",
        "RememberConversations",
    ],
}
CLOSED = {"requestContext": {"eventType": "DISCONNECT", "connectionId": "nobody"}}
QUESTION = "Who are you?"
# With one of the models unavailable, which the emulator reads in the question, the other replies.
QUESTIONS = (f"{QUESTION} busy {SECOND}", f"{QUESTION} busy global.{FIRST}")


@pytest.fixture(scope="module")
def stack(aws):
    yield aws.deployed("rights", *settings(EVERYTHING))
    aws.deploy("rights", "--delete")


@contextmanager
def without(aws, role: str, sid: str) -> Iterator[None]:
    """Take a statement out of a role for a while."""
    iam = aws.client("iam")
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    left = [each for each in document["Statement"] if each["Sid"] != sid]
    assert len(left) == len(document["Statement"]) - 1

    def put(statements: list[object]) -> None:
        changed = json.dumps(document | {"Statement": statements})
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=changed)

    put(left)
    try:
        yield
    finally:
        put(document["Statement"])


def faults(aws, stack) -> list[str]:
    """Ask in a browser, and have each model reply; return what is not as it should be."""
    found = []
    logs = {name: aws.log_lines(stack.name, name) for name in ("RegistrationLog", "FulfillmentLog")}
    remembered = len(aws.rows(aws.environment(stack.name)["CONVERSATION_TABLE"]))
    try:
        turns = [aws.turn(stack, question) for question in QUESTIONS]
    except Exception as exc:  # a refused connection or turn, each in its own way
        return [type(exc).__name__]
    # What API Gateway calls is not logged by the emulator, so it is called once more.
    aws.client("lambda").invoke(
        FunctionName=aws.resources(stack.name)["Registration"], Payload=json.dumps(CLOSED)
    )
    for frames, reply in turns:
        if not reply.startswith("I am the **demo model**"):
            found.append("no reply")
        if not frames:
            found.append("no frames")
    if len(aws.rows(aws.environment(stack.name)["CONVERSATION_TABLE"])) < remembered + len(turns):
        found.append("not remembered")
    return found + [name for name in logs if aws.log_lines(stack.name, name) == logs[name]]


def test_with_all_statements_all_works(aws, stack):
    assert faults(aws, stack) == []


def test_all_statements_are_listed(aws, stack):
    iam, roles = aws.client("iam"), aws.resources(stack.name)
    for role, listed in STATEMENTS.items():
        (policy,) = iam.list_role_policies(RoleName=roles[role])["PolicyNames"]
        document = iam.get_role_policy(RoleName=roles[role], PolicyName=policy)["PolicyDocument"]
        assert {each["Sid"] for each in document["Statement"]} == set(listed)


def test_smoke_says_why_the_model_refuses(aws, stack):
    role = aws.resources(stack.name)["FulfillmentRole"]
    with without(aws, role, "AskTheModel"), without(aws, role, "AskTheFallbackModels"):
        status, lines = aws.smoke("--stack", stack.name, "--posts", "1", "--burst", "0")
    assert status == 1
    (turn,) = [line for line in lines if line.startswith("failed   turn")]
    assert "could not answer" in turn and "AccessDenied" in turn, turn


@pytest.mark.parametrize(
    ("role", "sid"), [(role, sid) for role, sids in STATEMENTS.items() for sid in sids]
)
def test_no_statement_can_go(aws, stack, role, sid):
    with without(aws, aws.resources(stack.name)[role], sid):
        assert faults(aws, stack) != []
