"""Removing a stack and what was uploaded for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeClock
from tests.websocket_stack.deployment.cloudformation_fakes import (
    ACCOUNT,
    QUEUE_TEMPLATE,
    REGION,
    STACK_ID,
    FakeEvents,
    event,
    of_stack,
    refusal,
)
from websocket_stack.command_line import CommandFailed, Console
from websocket_stack.deployment.artifact_bucket import ArtifactBucket, default_name
from websocket_stack.deployment.removal import Removal

pytestmark = pytest.mark.slow

NAME = default_name(ACCOUNT, REGION)


def own_bucket(s3: Any, stack: str = "lex") -> ArtifactBucket:
    return ArtifactBucket(s3, NAME, account=ACCOUNT, region=REGION, stack_name=stack)


def no_wait(seconds: float) -> None:
    raise AssertionError("moto is done at once")


def remove(client: Any, s3: Any, *, answer: str = "y", stack: str = "lex") -> list[str]:
    lines: list[str] = []
    console = Console(say=lines.append, ask=lambda question: answer)
    Removal(client, own_bucket(s3, stack), console, FakeClock(), no_wait).run(stack)
    return lines


@pytest.fixture
def uploaded(s3: Any, tmp_path: Path) -> str:
    path = tmp_path / "fulfillment.zip"
    path.write_bytes(b"zip")
    own_bucket(s3).make()
    return own_bucket(s3).put_code(path, print)


def test_stack_objects_and_bucket_go(cloudformation: Any, s3: Any, uploaded: str) -> None:
    cloudformation.create_stack(StackName="lex", TemplateBody=QUEUE_TEMPLATE)
    lines = remove(cloudformation, s3)

    assert cloudformation.describe_stacks()["Stacks"] == []
    assert s3.list_buckets()["Buckets"] == []
    assert lines[:4] == [
        "stack lex (CREATE_COMPLETE):",
        "  Queue  AWS::SQS::Queue",
        f"object {NAME}/{uploaded}",
        f"bucket {NAME}, if no other stack has something in it",
    ]
    assert lines[-1] == "lex is gone"


def test_another_stacks_objects_stay(
    cloudformation: Any, s3: Any, uploaded: str, tmp_path: Path
) -> None:
    other = own_bucket(s3, "other").put_code(tmp_path / "fulfillment.zip", print)
    remove(cloudformation, s3)

    assert [each["Key"] for each in s3.list_objects_v2(Bucket=NAME)["Contents"]] == [other]


def test_nothing_goes_without_a_yes(cloudformation: Any, s3: Any, uploaded: str) -> None:
    cloudformation.create_stack(StackName="lex", TemplateBody=QUEUE_TEMPLATE)
    lines = remove(cloudformation, s3, answer="")

    assert lines[-1] == "nothing was deleted"
    assert cloudformation.describe_stacks()["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    assert own_bucket(s3).keys() == [uploaded]


def test_a_stack_without_a_bucket_goes(cloudformation: Any, s3: Any) -> None:
    cloudformation.create_stack(StackName="lex", TemplateBody=QUEUE_TEMPLATE)
    remove(cloudformation, s3)

    assert cloudformation.describe_stacks()["Stacks"] == []


def test_uploads_of_a_deleted_stack_go(cloudformation: Any, s3: Any, uploaded: str) -> None:
    assert remove(cloudformation, s3)[0] == "stack lex is gone already"
    assert s3.list_buckets()["Buckets"] == []


def test_a_stack_that_is_not_there_is_said(cloudformation: Any, s3: Any) -> None:
    with pytest.raises(CommandFailed, match="there is no stack lex in this region"):
        remove(cloudformation, s3)


class FakeStack(FakeEvents):
    """A stack in some status, whose deletion fails."""

    def __init__(self, status: str, *steps: Any) -> None:
        super().__init__(*steps)
        self._status = status
        self.deleted: list[str] = []

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        described = {"StackId": STACK_ID, "StackName": "lex", "StackStatus": self._status}
        return {"Stacks": [described]}

    def get_paginator(self, operation: str) -> FakeStack:
        return self

    def paginate(self, StackName: str) -> list[dict[str, Any]]:
        return [
            {
                "StackResourceSummaries": [
                    {
                        "LogicalResourceId": "Gone",
                        "ResourceType": "T",
                        "ResourceStatus": "DELETE_COMPLETE",
                    }
                ]
            }
        ]

    def delete_stack(self, StackName: str) -> None:
        self.deleted.append(StackName)
        self.sleep(seconds=0)


def test_a_failed_deletion_leaves_the_objects(s3: Any, uploaded: str) -> None:
    stack = FakeStack(
        "CREATE_COMPLETE",
        {},
        {
            STACK_ID: [
                event(1, "Table", "DELETE_FAILED", reason="it is protected"),
                of_stack(2, "DELETE_FAILED"),
            ]
        },
    )
    with pytest.raises(CommandFailed, match="lex is not deleted: Table: it is protected"):
        remove(stack, s3)
    assert own_bucket(s3).keys() == [uploaded]


def test_a_stack_that_is_changing_is_left_alone(s3: Any) -> None:
    stack = FakeStack("UPDATE_IN_PROGRESS")
    with pytest.raises(CommandFailed, match="lex is changing"):
        remove(stack, s3)
    assert stack.deleted == []


def test_a_stack_that_was_never_executed_goes(s3: Any) -> None:
    stack = FakeStack("REVIEW_IN_PROGRESS")

    assert remove(stack, s3) == ["stack lex (REVIEW_IN_PROGRESS):", "lex is gone"]
    assert stack.deleted == [STACK_ID]


def test_a_bucket_that_fills_meanwhile_stays(cloudformation: Any, s3: Any, uploaded: str) -> None:
    class Filling:
        def __getattr__(self, name: str) -> Any:
            return getattr(s3, name)

        def delete_bucket(self, **request: str) -> None:
            raise refusal("not empty", "BucketNotEmpty")

    assert remove(cloudformation, Filling())[-1] == "lex is gone"
