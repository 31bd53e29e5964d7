"""Every statement of a role is needed: without it, something that a user sees fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.deployed.emulated_account import EmulatedAccount
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
    # Models that may not be asked are tried until then.
    "TurnSeconds": "8",
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
def stack(aws: EmulatedAccount) -> Iterator[Any]:
    made = aws.deployed("rights", *settings(EVERYTHING))
    aws.warm_up(made)
    yield made
    aws.deploy("rights", "--delete")


def faults(aws: Any, stack: Any) -> list[str]:
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
        if "demo model" not in reply:
            found.append("no reply")
        if not frames:
            found.append("no frames")
    if len(aws.rows(aws.environment(stack.name)["CONVERSATION_TABLE"])) < remembered + len(turns):
        found.append("not remembered")
    return found + [name for name in logs if aws.log_lines(stack.name, name) == logs[name]]


def test_with_all_statements_all_works(aws: EmulatedAccount, stack: Any) -> None:
    assert faults(aws, stack) == []


def test_all_statements_are_listed(aws: EmulatedAccount, stack: Any) -> None:
    roles = aws.resources(stack.name)
    for role, listed in STATEMENTS.items():
        assert aws.statements(roles[role]) == listed


def test_smoke_says_why_the_model_refuses(aws: EmulatedAccount, stack: Any) -> None:
    role = aws.resources(stack.name)["FulfillmentRole"]
    with aws.without(role, "AskTheModel"), aws.without(role, "AskTheFallbackModels"):
        status, lines = aws.smoke("--stack", stack.name, "--posts", "1", "--burst", "0")
    assert status == 1
    (turn,) = [line for line in lines if line.startswith("failed   turn")]
    assert "could not answer" in turn and "AccessDenied" in turn, turn


@pytest.mark.parametrize(
    ("role", "sid"), [(role, sid) for role, sids in STATEMENTS.items() for sid in sids]
)
def test_no_statement_can_go(aws: EmulatedAccount, stack: Any, role: str, sid: str) -> None:
    with aws.without(aws.resources(stack.name)[role], sid):
        assert faults(aws, stack) != []
