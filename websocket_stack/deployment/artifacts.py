"""The bucket that code and templates are deployed from, and what one stack has in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from websocket_stack.deployment import template_files
from websocket_stack.deployment.failures import Failed, code_of

MADE_BY = {"Key": "made-by", "Value": "lex-streaming scripts/deploy"}
# Of one delete_objects call.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
MAX_DELETED = 1000
# A key is part of a Lambda version's description; templates/fulfillment.yaml takes so much of it.
MAX_NAME_LENGTH = 64


def default_name(account: str, region: str) -> str:
    """Return the name of the bucket unless another is chosen."""
    return f"lex-streaming-{account}-{region}"


def _short(stack: str) -> str:
    """Return a stack's name, or what stands for a long one; keys are to fit in 128 characters."""
    if len(stack) <= MAX_NAME_LENGTH:
        return stack
    named = hashlib.sha256(stack.encode()).hexdigest()[:16]
    return f"{stack[: MAX_NAME_LENGTH - len(named) - 1]}-{named}"


class Bucket:
    """Takes an ``s3`` client, the bucket's name and region, whose it must be, and the stack's name.

    Whoever knows an account's number knows the name of its bucket too, and could have made it
    first; so every call names the owner that it expects.
    """

    def __init__(self, client: Any, name: str, *, account: str, region: str, stack: str) -> None:
        self._client = client
        self._owner = {"Bucket": name, "ExpectedBucketOwner": account}
        self._region = region
        self._prefix = f"lex-streaming/{_short(stack)}/"
        self.name = name

    def exists(self) -> bool:
        """Say whether the bucket is there.

        Raises:
            Failed: it is, and is not ours or in another region.
        """
        try:
            answer = self._client.head_bucket(**self._owner)
        except ClientError as exc:
            status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status == 404:
                return False
            raise Failed(self._unusable(status, code_of(exc))) from exc
        region = answer.get("BucketRegion") or self._region
        if region != self._region:
            raise Failed(self._elsewhere())
        return True

    def _unusable(self, status: int | None, code: str) -> str:
        if status == 301:
            return self._elsewhere()
        if status == 403:
            return f"bucket {self.name} is another account's, or closed to you; choose a --bucket"
        return f"bucket {self.name}: {code}"

    def _elsewhere(self) -> str:
        return f"bucket {self.name} is in another region than {self._region}; choose a --bucket"

    def make(self) -> None:
        """Make the bucket: encrypted, closed to the public, and marked as made here."""
        options: dict[str, Any] = {"Bucket": self.name}
        if self._region != "us-east-1":
            options["CreateBucketConfiguration"] = {"LocationConstraint": self._region}
        self._client.create_bucket(**options)
        self._client.put_bucket_tagging(**self._owner, Tagging={"TagSet": [MADE_BY]})
        self._client.put_public_access_block(
            **self._owner,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        self._client.put_bucket_encryption(
            **self._owner,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        )

    def put_code(self, path: Path, say: Callable[[str], None]) -> str:
        """Upload the Lambda's zip unless it is there; return its key."""
        content = path.read_bytes()
        key = f"{self._prefix}code/{hashlib.sha256(content).hexdigest()[:32]}.zip"
        self._put(key, content, say)
        return key

    def put_templates(self, paths: Sequence[Path], say: Callable[[str], None]) -> str:
        """Upload templates unless they are there; return their keys' prefix, without a slash."""
        prefix = f"{self._prefix}templates/{template_files.digest(paths)}"
        for path in paths:
            self._put(f"{prefix}/{path.name}", path.read_bytes(), say)
        return prefix

    def url(self, key: str) -> str:
        """Return the address that CloudFormation reads an object at."""
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        return f"https://{self.name}.s3.{self._region}.{suffix}/{key}"

    def _put(self, key: str, content: bytes, say: Callable[[str], None]) -> None:
        # The key says what the content is, so what is there already is right.
        if self._has(key):
            return
        say(f"uploading {key} ({len(content) / 1024:,.0f} KB)")
        self._client.put_object(**self._owner, Key=key, Body=content)

    def _has(self, key: str) -> bool:
        try:
            self._client.head_object(**self._owner, Key=key)
        except ClientError as exc:
            # S3 says 403 of a missing object to those who may not list the bucket.
            if exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in (403, 404):
                return False
            raise
        return True

    # --- removal

    def keys(self) -> list[str]:
        """Return the keys of the stack's objects, each once."""
        return sorted({key for key, _ in self._versions(self._prefix)})

    def made_here(self) -> bool:
        """Say whether scripts/deploy made the bucket."""
        try:
            tags = self._client.get_bucket_tagging(**self._owner)["TagSet"]
        except ClientError as exc:
            if code_of(exc) in ("NoSuchTagSet", "AccessDenied"):
                return False
            raise
        return MADE_BY in tags

    def empty(self) -> None:
        """Delete the stack's objects, in all their versions."""
        versions = [
            {"Key": key, "VersionId": version} for key, version in self._versions(self._prefix)
        ]
        for start in range(0, len(versions), MAX_DELETED):
            deleted = self._client.delete_objects(
                **self._owner,
                Delete={"Objects": versions[start : start + MAX_DELETED], "Quiet": True},
            )
            for error in deleted.get("Errors", []):
                raise Failed(f"cannot delete {error['Key']} of {self.name}: {error['Code']}")

    def delete_if_unused(self) -> bool:
        """Delete the bucket if it was made here and holds nothing any more; say whether it was."""
        if not self.made_here() or next(iter(self._versions("")), None):
            return False
        self._client.delete_bucket(**self._owner)
        return True

    def _versions(self, prefix: str) -> Iterable[tuple[str, str]]:
        pages = self._client.get_paginator("list_object_versions").paginate(
            **self._owner, Prefix=prefix
        )
        for page in pages:
            for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                yield each["Key"], each["VersionId"]
