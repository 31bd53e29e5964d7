"""The functions of the tasks API: handlers, events that fail, queues, and what each may do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.websocket_stack.cloudformation.tasks_stack import (
    JWT,
    RELAYED,
    evaluated,
    statements,
    variables,
)
from websocket_stack.tasks.worker import MOST_SECONDS

FUNCTIONS = ("Submit", "Worker", "Failures", "SignInDeadline", "Relay")
POSTS = "dev/POST/@connections/*"


def test_there_is_no_function_that_is_not_needed() -> None:
    assert evaluated().of_type("AWS::Lambda::Function").keys() == {"Submit", "Worker", "Failures"}
    assert evaluated().of_type("AWS::SQS::Queue") == {}


# --- the worker


def test_the_alias_is_what_is_called() -> None:
    stack = evaluated()
    assert variables(stack, "Submit")["WORKER_FUNCTION"] == "<LiveAlias>"
    assert statements(stack, "SubmitRole")["CallTheWorker"]["Resource"] == "<LiveAlias>"


def test_a_worker_has_as_long_as_lambda_lets_it() -> None:
    assert evaluated().properties("Worker")["Timeout"] == "900"
    most = evaluated(TaskSeconds=f"{MOST_SECONDS:.0f}").properties("Worker")
    assert most["Timeout"] == "1800"


@pytest.mark.parametrize("given", [{"RememberConversations": "false"}, RELAYED, {"Revision": "2"}])
def test_changes_publish_a_version(given: dict[str, str]) -> None:
    def version(**given: str) -> Any:
        return evaluated(**given).properties("WorkerVersion")["Description"]

    assert version(**given) != version()


# --- queues


@pytest.mark.parametrize(
    ("given", "title", "queue"),
    [(JWT, "SignInDeadline", "SignInQueue"), (RELAYED, "Relay", "RelayQueue")],
)
def test_a_queue_waits_for_its_reader(given: dict[str, str], title: str, queue: str) -> None:
    stack = evaluated(**given)
    reading = stack.properties(f"{queue}Reading")
    assert (reading["FunctionName"], reading["EventSourceArn"]) == (f"<{title}>", f"<{queue}.Arn>")
    timeout = stack.properties(title)["Timeout"]
    assert stack.properties(queue)["VisibilityTimeout"] == 6 * timeout
    assert statements(stack, f"{title}Role")["ReadTheQueue"]["Resource"] == f"<{queue}.Arn>"


def test_relayed_frames_keep_their_order() -> None:
    stack = evaluated(**RELAYED)
    queue = stack.properties("RelayQueue")
    assert queue["FifoQueue"] is True
    assert queue["ContentBasedDeduplication"] is False
    assert stack.properties("RelayQueueReading")["FunctionResponseTypes"] == [
        "ReportBatchItemFailures"
    ]
    assert statements(stack, "WorkerRole")["SendFrames"]["Resource"] == "<RelayQueue.Arn>"


def test_a_queue_is_encrypted_with_either_key() -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/0123abcd"
    assert evaluated(**JWT).properties("SignInQueue")["SqsManagedSseEnabled"] is True
    queue = evaluated(**JWT, KmsKeyArn=key).properties("SignInQueue")
    assert queue["KmsMasterKeyId"] == key
    assert "SqsManagedSseEnabled" not in queue


# --- what they may do


@pytest.mark.parametrize("title", ["Submit", "Worker", "Failures", "Relay"])
def test_frames_may_be_posted_to_this_stage_alone(title: str) -> None:
    posting = statements(evaluated(**JWT, **RELAYED), f"{title}Role")["PostFrames"]
    assert posting["Resource"].endswith(f":abc123/{POSTS}")


def test_connections_may_be_closed_by_the_deadline_alone() -> None:
    stack = evaluated(**JWT, **RELAYED)
    closing = {
        title
        for title in FUNCTIONS
        if "/DELETE/" in str(statements(stack, f"{title}Role").values())
    }
    assert closing == {"SignInDeadline"}
