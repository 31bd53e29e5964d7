"""S3 and CloudFormation of moto, and templates that it can make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.backends import get_backend

from tests.moto_aws import moto_aws, session
from tests.websocket_stack.deployment.cloudformation_fakes import (
    QUEUE_TEMPLATE,
    ROOT_TEMPLATE,
)


@pytest.fixture
def aws() -> Iterator[boto3.Session]:
    """A session whose S3, CloudFormation and SQS are empty."""
    with moto_aws():
        for service in ("s3", "cloudformation", "sqs"):
            get_backend(service).reset()
        yield session()


@pytest.fixture
def s3(aws: boto3.Session) -> Any:
    return aws.client("s3")


@pytest.fixture
def cloudformation(aws: boto3.Session) -> Any:
    return aws.client("cloudformation")


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A folder of templates: one that is alone, one that needs code, one with nested stacks."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "streaming-support.yaml").write_text(QUEUE_TEMPLATE)
    (folder / "fulfillment.yaml").write_text(
        QUEUE_TEMPLATE.replace(
            "Parameters:",
            "Parameters:\n  CodeBucket: {Type: String}\n  CodeKey: {Type: String}\n"
            "  Revision: {Type: String, Default: '1'}",
        )
    )
    (folder / "lex-streaming.yaml").write_text(ROOT_TEMPLATE)
    return folder
