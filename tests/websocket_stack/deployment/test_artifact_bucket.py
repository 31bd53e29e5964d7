"""The bucket of code and templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.websocket_stack.deployment.cloudformation_fakes import ACCOUNT, REGION, refusal
from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.artifact_bucket import MADE_BY, ArtifactBucket, default_name

pytestmark = pytest.mark.slow

NAME = default_name(ACCOUNT, REGION)


def bucket(s3: Any, stack: str = "lex", name: str = NAME, region: str = REGION) -> ArtifactBucket:
    return ArtifactBucket(s3, name, account=ACCOUNT, region=region, stack_name=stack)


def keys(s3: Any) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=NAME).get("Contents", [])]


@pytest.fixture
def zip_path(tmp_path: Path) -> Path:
    path = tmp_path / "fulfillment.zip"
    path.write_bytes(b"zip")
    return path


def test_a_bucket_is_made_closed_and_encrypted(s3: Any) -> None:
    own = bucket(s3)
    assert not own.exists()
    own.make()

    assert own.exists() and own.made_here()
    assert s3.get_bucket_tagging(Bucket=NAME)["TagSet"] == [MADE_BY]
    closed = s3.get_public_access_block(Bucket=NAME)["PublicAccessBlockConfiguration"]
    assert all(closed.values()) and len(closed) == 4
    rules = s3.get_bucket_encryption(Bucket=NAME)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_a_bucket_is_made_in_the_stacks_region(aws: boto3.Session) -> None:
    client = aws.client("s3", region_name="eu-west-1")
    bucket(client, region="eu-west-1").make()

    assert client.get_bucket_location(Bucket=NAME)["LocationConstraint"] == "eu-west-1"


def test_what_is_there_is_not_uploaded_again(s3: Any, zip_path: Path, templates: Path) -> None:
    own, lines = bucket(s3), list[Any]()
    own.make()
    paths = sorted(templates.glob("*.yaml"))
    key = own.put_code(zip_path, lines.append)
    prefix = own.put_templates(paths, lines.append)
    assert len(lines) == 4

    assert own.put_code(zip_path, lines.append) == key
    assert own.put_templates(paths, lines.append) == prefix
    assert len(lines) == 4
    assert not prefix.endswith("/")
    assert keys(s3) == sorted([key, *(f"{prefix}/{path.name}" for path in paths)])


def test_other_content_has_another_key(s3: Any, zip_path: Path) -> None:
    own = bucket(s3)
    own.make()
    first = own.put_code(zip_path, print)
    zip_path.write_bytes(b"another")

    assert own.put_code(zip_path, print) != first


def test_addresses_are_as_in_the_templates(s3: Any) -> None:
    assert bucket(s3, name="b").url("k/x.yaml") == "https://b.s3.us-east-1.amazonaws.com/k/x.yaml"
    china = bucket(s3, name="b", region="cn-north-1")
    assert china.url("k") == "https://b.s3.cn-north-1.amazonaws.com.cn/k"


def test_only_what_belongs_to_the_stack_is_emptied(s3: Any, zip_path: Path) -> None:
    own, other = bucket(s3), bucket(s3, stack="lex-2")
    own.make()
    own_key, other_key = own.put_code(zip_path, print), other.put_code(zip_path, print)
    s3.put_object(Bucket=NAME, Key="lex/mine.txt", Body=b"x")

    assert own.keys() == [own_key]
    own.empty()
    assert keys(s3) == [other_key, "lex/mine.txt"]
    assert not own.delete_if_unused()


def test_all_versions_go(s3: Any, zip_path: Path) -> None:
    own = bucket(s3)
    own.make()
    s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
    key = own.put_code(zip_path, print)
    s3.delete_object(Bucket=NAME, Key=key)
    own.empty()

    assert own.delete_if_unused()
    assert not own.exists()


def test_a_bucket_that_was_not_made_here_stays(s3: Any) -> None:
    s3.create_bucket(Bucket=NAME)
    assert not bucket(s3).made_here()
    assert not bucket(s3).delete_if_unused()
    s3.put_bucket_tagging(Bucket=NAME, Tagging={"TagSet": [{"Key": "made-by", "Value": "me"}]})
    assert not bucket(s3).delete_if_unused()
    assert bucket(s3).exists()


class FakeS3:
    """An S3 that answers with one status and region."""

    def __init__(self, status: int = 200, region: str = REGION) -> None:
        self._status = status
        self._region = region
        self.requests: list[dict[str, Any]] = []

    def head_bucket(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if self._status != 200:
            error = refusal("", str(self._status))
            error.response["ResponseMetadata"] = {"HTTPStatusCode": self._status}  # type: ignore
            raise error
        return {"BucketRegion": self._region}

    def delete_objects(self, **request: Any) -> dict[str, Any]:
        return {"Errors": [{"Key": "k", "Code": "AccessDenied"}]}

    def get_paginator(self, operation: str) -> FakeS3:
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        return [{"Versions": [{"Key": "k", "VersionId": "v"}]}]


@pytest.mark.parametrize(
    ("s3", "message"),
    [
        (FakeS3(403), "is another account's, or closed to you; choose a --bucket"),
        (FakeS3(301), "is in another region than us-east-1"),
        (FakeS3(200, "eu-west-1"), "is in another region than us-east-1"),
        (FakeS3(500), "500"),
    ],
)
def test_a_bucket_that_cannot_be_used_is_said(s3: FakeS3, message: str) -> None:
    with pytest.raises(CommandFailed, match=message):
        bucket(s3).exists()


def test_every_call_names_the_buckets_owner() -> None:
    s3 = FakeS3()
    assert bucket(s3).exists()
    assert s3.requests == [{"Bucket": NAME, "ExpectedBucketOwner": ACCOUNT}]


def test_an_object_that_stays_is_said() -> None:
    with pytest.raises(
        CommandFailed, match="cannot delete k of lex-streaming-123456789012-us-east-1"
    ):
        bucket(FakeS3()).empty()


def test_long_stack_names_are_shortened(s3: Any, zip_path: Path) -> None:
    one, other = (bucket(s3, stack="s" * 127 + last) for last in "ab")
    one.make()
    keys_of_both = {each.put_code(zip_path, print) for each in (one, other)}

    assert len(keys_of_both) == 2
    assert all(len(key) <= 128 for key in keys_of_both)
