"""One file, as the CloudFormation console deploys it: no clone, no zip, no values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.deployed.emulated_account import EmulatedAccount
from websocket_stack.project import TEMPLATES

pytestmark = pytest.mark.deployed
FILE = TEMPLATES / "lex-streaming-standalone.yaml"
# The console has a bucket of its own for the files that one uploads.
BUCKET = "cf-templates-console"


@pytest.fixture(scope="module")
def template(aws: EmulatedAccount) -> Iterator[Any]:
    """The file as the console uploads it; returns its URL."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=FILE.name, Body=FILE.read_bytes())
    yield f"https://{BUCKET}.s3.us-east-1.amazonaws.com/{FILE.name}"
    s3.delete_object(Bucket=BUCKET, Key=FILE.name)
    s3.delete_bucket(Bucket=BUCKET)


@pytest.fixture(scope="module")
def stack(aws: EmulatedAccount, template: Any) -> Iterator[Any]:
    made = aws.put_uploaded_stack("standalone", template)
    aws.warm_up(made)
    yield made
    status, lines = aws.deploy("standalone", "--delete")
    assert status == 0, lines


def test_it_answers_and_streams(aws: EmulatedAccount, stack: Any) -> None:
    """Through its alias, from the code in the template and AWS's layer."""
    frames, reply = aws.turn(stack, "What is a WebSocket?")
    assert len(frames) > 1
    assert reply.startswith(frames[0])


def test_smoke(aws: EmulatedAccount, stack: Any) -> None:
    status, lines = aws.smoke("--stack", stack.name)
    assert status == 0, "\n".join(lines)


def test_a_value_changed_in_the_console_is_live(
    aws: EmulatedAccount, stack: Any, template: Any
) -> None:
    changed = aws.put_uploaded_stack(stack.name, template, MaxTokens="77")
    assert aws.environment(stack.name)["MAX_TOKENS"] == "77"
    assert changed.outputs == stack.outputs
